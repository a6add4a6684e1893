// A contact sheet: chosen items small, side by side; a click opens one. Bundled by contact_sheet.py after the tiles of
// the Confirm page; SHEET holds {css, theme}.

class ContactSheet {
  constructor(model) {
    this.model = model
    this.grid = h("div.grid", {role: "group", "aria-label": "Some of the chosen items"})
    this.root = h("div", {}, h("style", {}, SHEET.css), this.grid)
    model.on("items", () => this.draw())
    this.draw()
  }

  draw() {
    const items = [...(this.model.items ?? [])].map(plain)
    this.grid.dataset.type = items[0]?.view?.type ?? "vector"
    this.grid.replaceChildren(...items.map((item) => this._tile(item)))
  }

  _tile(item) {
    const content = new Tile(item, {touched: () => {}, focused: () => {}})._content()
    const chip = item.colour ? h("i.chip", {style: `background:${item.colour}`}) : null
    const name = h("span.name", {}, item.label || item.key)
    const open = () => {
      this.model.picked_row = -1
      this.model.picked_row = item.row
    }
    return h("button.tile", {type: "button", title: sayItem(item), onclick: open, "aria-label": `Item ${item.key}. ${item.label || "no label"}. ${textOf(item)}`},
      content, h("div.foot", {"aria-hidden": "true"}, chip, name))
  }
}

/** Panel hands nested values over as Maps. */
function plain(value) {
  if (value instanceof Map) return Object.fromEntries([...value].map(([name, each]) => [name, plain(each)]))
  return Array.isArray(value) ? value.map(plain) : value
}

export function render({model, view}) {
  if (!document.getElementById("goldpan-theme")) document.head.append(h("style", {id: "goldpan-theme"}, SHEET.theme))
  view.goldpanSheet ??= new ContactSheet(model)
  return view.goldpanSheet.root
}
