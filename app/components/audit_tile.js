// One label to check: the item, the class it was given, what the model says; kept, changed, or left open.

class AuditTile {
  /** `given` and `suggested` are classes; `touched(tile)` is called on a click, `focused(tile)` when it gets the focus. */
  constructor(item, {given, suggested}, {touched, focused}) {
    this.item = item
    this.given = given
    this.suggested = suggested
    this.decided = given
    this.mark = h("span.mark", {"aria-hidden": "true"})
    this.node = h("div.tile", {
      role: "checkbox", tabindex: "-1", "aria-checked": "true", title: sayItem(item),
      onclick: () => touched(this), onfocus: () => focused(this),
    }, tileContent(item), this._foot())
    this.set(given)
  }

  get type() {
    return this.item.view?.type ?? "vector"
  }

  get changed() {
    return this.decided != null && this.decided.id !== this.given.id
  }

  /** Decide on a class: the given one keeps the label, null leaves it open. */
  set(decided) {
    this.decided = decided
    this.node.classList.toggle("out", decided == null)
    this.node.classList.toggle("named", this.changed)
    this.node.style.setProperty("--c", this.changed ? decided.colour : "transparent")
    this.node.setAttribute("aria-checked", decided == null ? "mixed" : String(!this.changed))
    setText(this.mark, decided == null ? "left open" : this.changed ? `→ ${decided.name}` : "keep")
    const what = decided == null ? "left open" : this.changed ? `changed to ${decided.name}` : "kept"
    const {given_probability: own, suggested_probability: other} = this.item
    this.node.setAttribute("aria-label", `Labelled ${this.given.name}, ${percent(own)}; the model says ${this.suggested.name}, ${percent(other)}: ${what}. Item ${this.item.key}. ${textOf(this.item)}`)
  }

  _foot() {
    const line = (word, label, share) => h("div.side", {}, h("span.word", {}, word), chipOf(label), h("span.name", {}, label.name), h("span.share", {}, share == null ? "" : percent(share)))
    return h("div.sides", {"aria-hidden": "true"},
      line("label", this.given, this.item.given_probability),
      line("model", this.suggested, this.item.suggested_probability),
      this.mark,
    )
  }
}

function chipOf(label) {
  const chip = h("i.chip", {"aria-hidden": "true"})
  chip.style.background = label.colour
  return chip
}
