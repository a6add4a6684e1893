// One class in a row: its colour, key, name, parent and target as fields that are stored when they are left.

class ClassRow {
  /** `on` holds change(row, values), choose, move(row, step), merge, archive, find(text), problem(text), and whether all is `locked`. */
  constructor(on) {
    this.on = on
    this.each = null
    const field = (name, attributes) => {
      const node = h(`input.${name}`, {autocomplete: "off", spellcheck: "false", ...attributes})
      node.addEventListener("focus", () => { node.seen = node.value })
      node.addEventListener("change", () => this._left(name, node))
      node.addEventListener("keydown", (event) => this._fieldKey(event, node))
      return node
    }
    this.fields = {
      colour: field("colour", {type: "color"}),
      key: field("key", {type: "text", maxlength: 1}),
      name: field("name", {type: "text", maxlength: 200, dir: "auto"}),
      parent: field("parent", {type: "text", list: "class-paths", placeholder: "none", dir: "auto"}),
      target: field("target", {type: "number", min: 0, step: "any", placeholder: "usual"}),
    }
    this.share = h("span.share")
    this.count = h("td.count")
    this.work = this._button("Work on", () => this.on.choose(this))
    this.up = this._button("↑", () => this.on.move(this, -1))
    this.down = this._button("↓", () => this.on.move(this, 1))
    this.merge = this._button("Merge…", () => this.on.merge(this))
    this.gone = this._button("Archive", () => this.on.archive(this))
    const {colour, key, name, parent, target} = this.fields
    this.indent = h("span.indent", {"aria-hidden": "true"})
    this.node = h("tr", {},
      h("td", {}, colour), h("td", {}, key), h("td.named", {}, h("div", {}, this.indent, name)), h("td", {}, parent),
      h("td.wanted", {}, target, this.share), this.count,
      h("td.acts", {}, h("div", {}, this.work, this.up, this.down, this.merge, this.gone)))
  }

  /** Show a class; what the person is typing just now stays. */
  dress(each, {parentPath, share, first, last, chosen}) {
    this.each = each
    const values = {
      colour: each.colour ?? "#888888", key: each.key ?? "", name: each.name, parent: parentPath, target: each.target ?? "",
    }
    const focused = this.node.getRootNode().activeElement
    for (const [name, value] of Object.entries(values)) {
      const node = this.fields[name]
      if (node !== focused && node.value !== String(value)) node.value = value
      const label = `${{colour: "Colour", key: "Key", name: "Name", parent: "Parent", target: "Target"}[name]} of ${each.path}`
      if (node.getAttribute("aria-label") !== label) node.setAttribute("aria-label", label)
    }
    this.node.dataset.class = each.id
    this.node.title = each.path
    this.indent.style.width = `${Math.min(each.depth, 8) * 14}px`
    setText(this.share, share)
    const below = each.total - each.count
    setText(this.count, below ? `${each.count} + ${below} below` : String(each.count))
    this.up.disabled = first
    this.down.disabled = last
    for (const node of Object.values(this.fields)) node.disabled = this.on.locked
    for (const node of [this.up, this.down, this.merge, this.gone]) show(node, !this.on.locked)
    this.node.classList.toggle("chosen", chosen)
    this.work.setAttribute("aria-pressed", String(chosen))
    const said = {work: "Work on", up: "Move up", down: "Move down", merge: "Merge", gone: "Archive"}
    for (const [name, words] of Object.entries(said)) this[name].setAttribute("aria-label", `${words} ${each.path}`)
  }

  _button(text, onclick) {
    return h("button.plain", {type: "button", onclick}, text)
  }

  _fieldKey(event, node) {
    if (event.isComposing) return
    if (event.key === "Enter") node.blur()
    else if (event.key === "Escape") {
      node.value = node.seen ?? node.value
      node.blur()
    } else return
    event.preventDefault()
    event.stopPropagation()
  }

  /** Send what was typed; a parent is found by its path or name first. */
  _left(name, node) {
    const text = node.value.trim()
    const values = {
      colour: () => ({colour: text}),
      key: () => ({key: text || null}),
      name: () => ({name: text, known_name: node.seen ?? this.each.name}),
      parent: () => {
        const found = text ? this.on.find(text) : null
        if (!text || found) return {parent_id: found?.id ?? null}
        this.on.problem(`There is no class “${shorten(text)}”; choose one of the list.`)
        return null
      },
      target: () => (node.validity.badInput ? null : {target: text === "" ? null : Number(text)}),
    }[name]()
    this.on.change(this, values)
  }
}
