// The Confirm page's check of labels: those the model is least sure are right; keep them, change them, store all
// decisions by one act. Bundled by audit_grid.py after page_grid.js.

const LEFT_KEPT = 500

class AuditGrid extends PageGrid {
  /** Store what was decided, as one request; what is left open is stored as nothing, and does not come on the next page. */
  store() {
    if (this.state !== "ready" || !this.outbox) return
    const decided = this.tiles.filter((tile) => tile.decided)
    const left = this.tiles.filter((tile) => !tile.decided).map((tile) => tile.item.key)
    this.left = [...this.left.filter((key) => !left.includes(key)), ...left].slice(-LEFT_KEPT)
    if (decided.length) {
      const group = `audit-${makeUid().replaceAll("-", "")}`
      const marks = this.tiles.map((tile) => [tile.item, tile.decided])
      const decisions = decided.map(({item, decided: {id}}) => [item.key, item.given, id, item.suggested])
      this._send({group, page: this.page, marks, left}, {path: "/api/audit", decisions})
    } else this._say(`Nothing stored: ${plural(left.length, "label")} left open.`)
    this._turn()
  }

  /** Take back the page stored last, as one act, and show it again as it was. */
  undo() {
    const last = this.past.pop()
    if (!last || !this.outbox) return
    this.saved = ""
    this.outbox.add(groupUndo(last.group))
    this._forget(last)
    this._showUndo()
    if (last.marks) this._bringBack(last.page, last.marks.map(([item]) => item), (tile, place) => tile.set(last.marks[place][1]))
    else this._turn()
  }

  _wish() {
    const body = {size: this.size, left: fitting(this.left)}
    if (this.wanted) body.keys = fitting(this.wanted)
    return {path: "/api/audit/page", body, again: ["no_model"]}
  }

  _build() {
    this.left = []
    this.chosen = h("span", {})
    const all = this._button(() => this._want(null), "Check all labels")
    this.chosenBar = h("div.chosen", {hidden: true}, this.chosen, all)
    const help = h("p.help", {},
      "Every label is kept unless you say otherwise. Click or ", h("kbd", {}, "Space"), " takes what the model says, again keeps the label; the key of a class gives that one; ",
      h("kbd", {}, "X"), " leaves it open. ", h("kbd", {}, "Enter"), " stores all decisions; what was checked does not come again.")
    const head = h("div.head", {}, h("span.which", {}, "Are these labels right?"), this.sizes, this.status)
    const foot = h("div.actions", {}, this.go, this.undoButton)
    this.node = h("section.audit", {"aria-label": "Check labels", lang: "en"}, this.notices.node, head, this.chosenBar, this.reason, this.message, this.grid, this.names, foot, help)
    this._want([...(this.model.wanted_keys ?? [])], {ask: false})
    this.model.on("wanted_keys", () => this._want([...(this.model.wanted_keys ?? [])]))
  }

  /** Check these items, or, for null or none, all labels that the model doubts. */
  _want(keys, {ask = true} = {}) {
    this.wanted = keys?.length ? keys : null
    if (this.wanted) this.left = this.left.filter((key) => !this.wanted.includes(key))
    show(this.chosenBar, this.wanted != null)
    setText(this.chosen, this.wanted ? `${plural(this.wanted.length, "item")} chosen on the Model page` : "")
    if (ask) this._turn()
  }

  _tile(item, on) {
    const unknown = (id) => ({id, name: "a class that is gone", colour: "transparent"})
    const classes = {given: this._class(item.given) ?? unknown(item.given), suggested: this._class(item.suggested) ?? unknown(item.suggested)}
    return new AuditTile(item, classes, on)
  }

  _words(state) {
    return sayAuditState(state)
  }

  _reason() {
    const {doubted, suspicious, labels} = this.page
    if (this.wanted) return "The likeliest mistakes first, whether or not the model takes them for another class."
    const sure = suspicious ? `${suspicious} of them surely` : "none of them surely"
    return `Of ${plural(labels, "label")} that the model had not seen, it takes ${doubted} for another class, ${sure}. The likeliest mistakes first.`
  }

  _showMarks() {
    const changed = this.tiles.filter((tile) => tile.changed).length
    const kept = this.tiles.filter((tile) => tile.decided && !tile.changed).length
    const parts = [kept && `keep ${kept}`, changed && `change ${changed}`].filter(Boolean)
    const text = parts.length ? parts.join(" and ") : "leave all open: next page"
    this._showGo(text[0].toUpperCase() + text.slice(1))
  }

  /** Give the tile a class; without one it goes from the label to what the model says, and back. */
  _touch(tile, named = null) {
    const turned = tile.decided?.id === tile.given.id ? tile.suggested : tile.given
    tile.set(named == null ? turned : named.id === tile.given.id ? tile.given : named)
    this._marked(tile)
  }

  /** Space turns the label in focus; the key of a class gives that one; Delete, and x where no class has it, leaves it open. */
  _press(key, tile) {
    const found = key.length === 1 ? this._classOf(key) : undefined
    if (key === " " || found) this._touch(tile, found ?? null)
    else if (key === "Delete" || key.toLowerCase() === "x") {
      tile.set(tile.decided ? null : tile.given)
      this._marked(tile)
    } else return false
    return true
  }

  _forget(step) {
    if (step.left) this.left = this.left.filter((key) => !step.left.includes(key))
  }
}

export function render(drawing) {
  return renderOnce(drawing, GRID, AuditGrid)
}
