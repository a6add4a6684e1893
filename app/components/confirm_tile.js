// One item of the grid: a thumbnail, a text or a few values; in, out, or named as another class.

class Tile {
  /** `touched(tile)` is called when it is clicked; `focused(tile)` when it gets the focus. */
  constructor(item, {touched, focused}) {
    this.item = item
    this.out = false
    this.named = null
    this.mark = h("span.mark", {"aria-hidden": "true"})
    const share = h("span.share", {"aria-hidden": "true"}, item.probability == null ? "" : percent(item.probability))
    this.node = h("div.tile", {
      role: "checkbox", tabindex: "-1", "aria-checked": "true", title: sayItem(item),
      onclick: () => touched(this), onfocus: () => focused(this),
    }, tileContent(item), h("div.foot", {"aria-hidden": "true"}, this.mark, share))
  }

  get type() {
    return this.item.view?.type ?? "vector"
  }

  /** Take it out, put it back in, or say what it is instead. */
  set(out, named = null) {
    this.out = out
    this.named = named
    this.node.classList.toggle("out", out)
    this.node.classList.toggle("named", named != null)
    this.node.style.setProperty("--c", named?.colour ?? "transparent")
    this.node.setAttribute("aria-checked", String(!out))
    setText(this.mark, named ? named.name : out ? "not one" : "")
  }

  describe(name) {
    const share = this.item.probability == null ? "" : `, ${percent(this.item.probability)}`
    const what = this.named ? `, named ${this.named.name}` : ""
    this.node.setAttribute("aria-label", `Is ${name}: item ${this.item.key}${share}${what}. ${textOf(this.item)}`)
  }
}
