// A contact sheet: chosen items small, side by side; a click opens one. Bundled by contact_sheet.py after
// tile_content.js; SHEET holds {css, theme}.

class ContactSheet {
  constructor(model) {
    this.model = model
    this.grid = h("div.grid", {role: "group", "aria-label": "Some of the chosen items"})
    this.node = this.grid
    model.on("items", () => this.draw())
    this.draw()
  }

  draw() {
    const items = [...(this.model.items ?? [])].map(plain)
    this.grid.dataset.type = items[0]?.view?.type ?? "vector"
    this.grid.replaceChildren(...items.map((item) => this._tile(item)))
  }

  _tile(item) {
    return smallTile(item, item.label || item.key, () => {
      this.model.picked_row = -1
      this.model.picked_row = item.row
    })
  }
}

export function render(drawing) {
  return renderOnce(drawing, SHEET, ContactSheet)
}
