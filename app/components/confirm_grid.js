// The Confirm page: likely items of one class; take out the wrong ones, confirm the rest by one act. Bundled by
// confirm_grid.py after page_grid.js.

class ConfirmGrid extends PageGrid {
  /** Confirm what is in, label what is named, remember what is out; all as one request. */
  store() {
    if (this.state !== "ready" || !this.outbox) return
    const classId = this.page.class_id
    const labels = this.tiles.filter((tile) => !tile.out || tile.named).map((tile) => [tile.item.key, tile.named?.id ?? classId])
    const out = this.tiles.filter((tile) => tile.out).map((tile) => tile.item.key)
    this.refusals.add(classId, out)
    if (labels.length) {
      const group = `confirm-${makeUid().replaceAll("-", "")}`
      const marks = this.tiles.map((tile) => [tile.item, tile.out, tile.named])
      this._send({group, class_id: classId, page: this.page, marks, out}, {path: "/api/confirm", class_id: classId, labels})
    } else this._say(`Nothing stored: ${plural(out.length, "item")} taken out.`)
    this._turn()
  }

  /** Take back the page confirmed last, as one act, and show it again as it was. */
  undo() {
    const last = this.past.pop()
    if (!last || !this.outbox) return
    this.saved = ""
    this.outbox.add(groupUndo(last.group))
    this._forget(last)
    this._showUndo()
    if (last.marks) {
      const items = last.marks.map(([item]) => item)
      this._bringBack(last.page, items, (tile, place) => tile.set(last.marks[place][1], last.marks[place][2]))
    } else {
      this.wanted = last.class_id ?? this.wanted
      this._turn()
    }
  }

  _opened(project) {
    this.refusals = new Refusals(project)
    this._takeWish()
    this.model.on("open_class", () => this._takeWish() && this.fetch())
  }

  /** Turn to the class that another page of the dashboard asks for; returns whether one does. */
  _takeWish() {
    const id = this.model.open_class
    if (!id) return false
    this.news.tell({open_class: 0})
    this.wanted = id
    this._fill(null)
    return true
  }

  _wish() {
    const body = {class_id: this.wanted, size: this.size, refused: this.refusals.latest(this.wanted)}
    return {path: "/api/confirm/page", body, again: ["no_model", "none_likely", "unknown_class"]}
  }

  _build() {
    this.wanted = null
    this.select = h("select", {"aria-label": "Class to confirm", onchange: () => {
      this.wanted = this.select.value ? Number(this.select.value) : null
      this.select.blur()
      this._turn()
    }})
    const help = h("p.help", {}, "Click or ", h("kbd", {}, "Space"), " takes an item out; the key of another class says what it is instead. ", h("kbd", {}, "Enter"), " confirms the rest.")
    const head = h("div.head", {}, h("label.which", {}, h("span", {}, "Are these all"), this.select, h("span", {}, "?")), this.sizes, this.status)
    const foot = h("div.actions", {}, this.go, this.undoButton)
    this.node = h("section.confirm", {"aria-label": "Confirm likely items", lang: "en"}, this.notices.node, head, this.reason, this.message, this.grid, this.names, foot, help)
  }

  _tile(item, on) {
    return new Tile(item, on)
  }

  _words(state) {
    return sayState(state, this._class(this.page?.class_id)?.name)
  }

  _reason() {
    return this.page.reason ?? ""
  }

  _showMarks() {
    const name = this._class(this.page?.class_id)?.name ?? ""
    for (const tile of this.tiles) tile.describe(name)
    const named = this.tiles.filter((tile) => tile.named).length
    const kept = this.tiles.filter((tile) => !tile.out).length
    const more = named ? ` and label ${plural(named, "other")}` : ""
    this._showGo(kept ? `Confirm ${kept} as ${name}${more}` : named ? `Label ${plural(named, "item")}, none as ${name}` : `None is ${name}: next page`)
  }

  _touch(tile, named = null) {
    const same = named != null && named.id === this.page.class_id
    if (named == null || same) tile.set(same ? false : !tile.out)
    else tile.set(true, named)
    this._marked(tile)
  }

  /** The key of a class names the item in focus; Space, and x where no class has it, takes it out. */
  _press(key, tile) {
    const found = key.length === 1 ? this._classOf(key) : undefined
    if (key !== " " && key !== "Delete" && !found && key.toLowerCase() !== "x") return false
    this._touch(tile, found ?? null)
    return true
  }

  _takeClasses(classes) {
    super._takeClasses(classes)
    const label = (each) => `${each.name} – ${plural(each.count, "label")}, ${each.likely} likely`
    this.select.replaceChildren(
      h("option", {value: ""}, "the class that lacks most"),
      ...classes.map((each) => h("option", {value: each.id}, label(each))),
    )
  }

  /** Show which class the page is of, also where the server chose it. */
  _arrived({class_id: id}) {
    if (this._class(id)) this.select.value = String(id)
  }

  _forget(step) {
    if (step.out) this.refusals.remove(step.class_id, step.out)
  }
}

export function render(drawing) {
  return renderOnce(drawing, GRID, ConfirmGrid)
}
