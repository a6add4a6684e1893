// The Confirm page: likely items of one class; take out the wrong ones, confirm the rest by one act. Pages come and go
// over REST to our own server, so that they are kept while it is restarted. Bundled by confirm_grid.py; GRID holds
// {css, theme}.

const RETRY_MS = 2000
const WAIT_MS = 4000
const SIZES = [12, 24, 48]
const DEPTH = 20
const APPLE = /mac|iphone|ipad/i.test(navigator.platform ?? "")

class ConfirmGrid {
  constructor(model) {
    this.model = model
    this.news = new News(model)
    this.state = "loading"
    this.classes = []
    this.tiles = []
    this.past = []
    this.wanted = null
    this.page = null
    this.touched = false
    this.saved = ""
    this._build()
    this.keys = (event) => this._key(event)
    document.addEventListener("keydown", this.keys)
    const fresh = () => this.model.active !== false && !this.touched && !this.outbox?.size && this.fetch({gently: true})
    for (const name of ["round_number", "classes_version", "active"]) model.on(name, fresh)
    model.on("open_class", () => this._openClass() && this.fetch())
    model.on("remove", () => this.close())
  }

  async start() {
    let answer = await health()
    while (!answer && !this.closed) {
      this._show("error")
      await sleep(RETRY_MS)
      answer = await health()
    }
    if (this.closed) return
    const project = answer.project ?? ""
    this.refusals = new Refusals(project)
    this.outbox = new PageOutbox(project, {
      change: () => this._showStatus(),
      acknowledged: (entry, data) => this._acknowledged(entry, data),
      refused: (entry, error) => this._refused(entry, error),
      instance: () => {},
    })
    this.outbox.start()
    this._openClass()
    await this.fetch()
  }

  close() {
    this.closed = true
    clearTimeout(this.timer)
    document.removeEventListener("keydown", this.keys)
    this.outbox?.close()
  }

  /**
   * Ask for the next page; what waits to be saved is waited for, or it would be on the next page again. `gently` leaves
   * a page that the person has begun to mark by the time the next one arrives.
   */
  async fetch({gently = false} = {}) {
    if (!this.outbox || this.closed) return
    clearTimeout(this.timer)
    const token = (this.fetching = {})
    if (!this.tiles.length) this._show("loading")
    while (this.outbox.size && !this.closed) {
      if (this.outbox.late && this.state === "loading") this._show("waiting")
      await sleep(30)
    }
    const body = {class_id: this.wanted, size: this.size, refused: this.refusals.latest(this.wanted)}
    const {status, data} = await request("/api/confirm/page", {method: "POST", body})
    if (token !== this.fetching || this.closed || (gently && this.touched)) return
    if (status !== 200 || !Array.isArray(data.items)) {
      this._fill(null)
      this._show("error")
      this.timer = setTimeout(() => this.fetch(), RETRY_MS)
      return
    }
    this._takeClasses(data.classes ?? [])
    if (data.undoable && !this.past.length) this.past = [data.undoable]
    this._fill(data.state === "ready" ? data : null)
    this.page = {...data, class_id: data.class_id}
    this._chooseClass(data.class_id)
    this._show(data.state)
    if (["no_model", "none_likely", "unknown_class"].includes(data.state)) this.timer = setTimeout(() => this.fetch(), WAIT_MS)
  }

  /** Confirm what is in, label what is named, remember what is out; all as one request. */
  confirm() {
    if (this.state !== "ready" || !this.outbox) return
    const {class_id: classId, round} = this.page
    const labels = this.tiles.filter((tile) => !tile.out || tile.named).map((tile) => [tile.item.key, tile.named?.id ?? classId])
    const out = this.tiles.filter((tile) => tile.out).map((tile) => tile.item.key)
    this.refusals.add(classId, out)
    if (labels.length) {
      const group = `confirm-${makeUid().replaceAll("-", "")}`
      const marks = this.tiles.map((tile) => [tile.item, tile.out, tile.named])
      this.past.push({group, class_id: classId, page: this.page, marks, out})
      if (this.past.length > DEPTH) this.past.shift()
      this.saved = ""
      const shown = Math.max(0, Math.round(performance.now() - this.shownAt))
      this.outbox.add({uid: group, path: "/api/confirm", group, class_id: classId, labels, round, shown_ms: shown})
    } else this._say(`Nothing stored: ${plural(out.length, "item")} taken out.`)
    this._fill(null)
    this.fetch()
  }

  /** Take back the page confirmed last, as one act, and show it again as it was. */
  undo() {
    const last = this.past.pop()
    if (!last || !this.outbox) return
    this.saved = ""
    this.outbox.add(groupUndo(last.group))
    if (last.out) this.refusals.remove(last.class_id, last.out)
    this._showUndo()
    if (last.marks) {
      this.fetching = {}
      this.page = last.page
      this._fill({...last.page, items: last.marks.map(([item]) => item)})
      this.tiles.forEach((tile, place) => tile.set(last.marks[place][1], last.marks[place][2]))
      this.touched = true
      this._chooseClass(last.class_id)
      this._show("ready")
    } else {
      this.wanted = last.class_id ?? this.wanted
      this._fill(null)
      this.fetch()
    }
  }

  /** Turn to the class that another page of the dashboard asks for; returns whether one does. */
  _openClass() {
    const id = this.model.open_class
    if (!id || !this.outbox) return false
    this.news.tell({open_class: 0})
    this.wanted = id
    this._fill(null)
    return true
  }

  _build() {
    const action = (run, ...content) => h("button.plain", {type: "button", onclick: () => run()}, ...content)
    this.select = h("select", {"aria-label": "Class to confirm", onchange: () => {
      this.wanted = this.select.value ? Number(this.select.value) : null
      this.select.blur()
      this._fill(null)
      this.fetch()
    }})
    this.sizes = h("select", {"aria-label": "Items on a page", onchange: () => {
      this.size = Number(this.sizes.value)
      this._fill(null)
      this.fetch()
    }}, ...SIZES.map((size) => h("option", {value: size, selected: size === 24}, `${size} items`)))
    this.size = 24
    this.status = h("span.status", {role: "status", "aria-live": "polite"})
    this.reason = h("p.reason")
    this.go = h("button.go", {type: "button", disabled: true, onclick: () => this.confirm()})
    this.undoButton = action(() => this.undo(), "Undo", h("kbd", {}, APPLE ? "⌘Z" : "Ctrl Z"))
    this.names = h("div.names", {role: "group", "aria-label": "Name the item in focus"})
    this.grid = h("div.grid", {role: "group", "aria-label": "Items on this page"})
    this.message = h("div.message", {role: "status", hidden: true})
    this.notices = pageNotices()
    const help = h("p.help", {}, "Click or ", h("kbd", {}, "Space"), " takes an item out; the key of another class says what it is instead. ", h("kbd", {}, "Enter"), " confirms the rest.")
    const head = h("div.head", {}, h("label.which", {}, h("span", {}, "Are these all"), this.select, h("span", {}, "?")), this.sizes, this.status)
    const foot = h("div.actions", {}, this.go, this.undoButton)
    this.node = h("section.confirm", {"aria-label": "Confirm likely items", lang: "en"}, this.notices.node, head, this.reason, this.message, this.grid, this.names, foot, help)
    this._showUndo()
    this._show("loading")
  }

  /** Draw a page's tiles; null empties the grid. */
  _fill(data) {
    this.touched = false
    this.at = 0
    const on = {touched: (tile) => this._touch(tile), focused: (tile) => this._focused(tile)}
    this.tiles = (data?.items ?? []).map((item) => new Tile(item, on))
    this.grid.replaceChildren(...this.tiles.map((tile) => tile.node))
    this.grid.dataset.type = this.tiles[0]?.type ?? ""
    if (this.tiles.length) {
      this.tiles[0].node.tabIndex = 0
      this.shownAt = performance.now()
      if (this.model.active !== false && !isTypingAt(this.node.getRootNode().activeElement)) this.tiles[0].node.focus({preventScroll: true})
    }
  }

  _show(state) {
    this.state = state
    const known = this._class(this.page?.class_id)
    const said = sayState(state, known?.name)
    const ready = state === "ready"
    show(this.message, !ready)
    for (const node of [this.grid, this.names, this.go]) show(node, ready)
    const button = said?.button && h("button.plain", {type: "button", onclick: () => this.fetch()}, said.button)
    if (said) this.message.replaceChildren(h("h2", {}, said.title), h("p", {}, said.detail), button ?? "")
    else this.message.replaceChildren(h("div.skeleton", {"aria-label": "Loading the next page"}, ...Array.from({length: 12}, () => h("i"))))
    setText(this.reason, ready ? this.page.reason ?? "" : "")
    this._showMarks()
    this._showUndo()
  }

  _showMarks() {
    const name = this._class(this.page?.class_id)?.name ?? ""
    for (const tile of this.tiles) tile.describe(name)
    const named = this.tiles.filter((tile) => tile.named).length
    const kept = this.tiles.filter((tile) => !tile.out).length
    const more = named ? ` and label ${plural(named, "other")}` : ""
    const text = kept ? `Confirm ${kept} as ${name}${more}` : named ? `Label ${plural(named, "item")}, none as ${name}` : `None is ${name}: next page`
    this.go.replaceChildren(h("span", {}, text), h("kbd", {}, "Enter"))
    this.go.disabled = this.state !== "ready"
  }

  _touch(tile, named = null) {
    const same = named != null && named.id === this.page.class_id
    if (named == null || same) tile.set(same ? false : !tile.out)
    else tile.set(true, named)
    this.touched = true
    this._focus(this.tiles.indexOf(tile))
    this._showMarks()
  }

  _focus(place) {
    if (!this.tiles.length) return
    this.at = Math.max(0, Math.min(place, this.tiles.length - 1))
    this.tiles[this.at].node.focus()
  }

  _focused(tile) {
    for (const other of this.tiles) other.node.tabIndex = other === tile ? 0 : -1
    this.at = this.tiles.indexOf(tile)
  }

  _key(event) {
    const target = event.composedPath()[0]
    if (event.repeat && !event.key.startsWith("Arrow")) return
    if (this.model.active === false || !this.node.getClientRects().length || document.hidden || event.isComposing || event.altKey || isTypingAt(target)) return
    if (event.ctrlKey || event.metaKey) {
      if (event.key.toLowerCase() !== "z" || event.shiftKey) return
      event.preventDefault()
      this.undo()
      return
    }
    const onButton = target instanceof Element && target.closest("button, a, summary, [role=button]")
    if (onButton && (event.key === "Enter" || event.key === " ")) return
    if (this._act(event)) event.preventDefault()
  }

  _act(event) {
    if (this.state !== "ready") return false
    const step = {ArrowRight: 1, ArrowLeft: -1, ArrowDown: this._columns(), ArrowUp: -this._columns()}[event.key]
    const tile = this.tiles[this.at]
    if (step) this._focus(this.at + step)
    else if (event.key === "Home") this._focus(0)
    else if (event.key === "End") this._focus(this.tiles.length - 1)
    else if (event.key === "Enter") this.confirm()
    else if (event.key === " " || event.key === "Delete") this._touch(tile)
    else return event.key.length === 1 && this._name(event.key, tile)
    return true
  }

  /** The key of a class names the item in focus; x, where no class has it, takes it out. */
  _name(key, tile) {
    const found = this.classes.find((each) => each.key && each.key.toLowerCase() === key.toLowerCase())
    if (!found && key.toLowerCase() !== "x") return false
    this._touch(tile, found ?? null)
    return true
  }

  _columns() {
    const top = this.tiles[0]?.node.offsetTop
    const found = this.tiles.findIndex((tile) => tile.node.offsetTop > top)
    return found < 1 ? this.tiles.length : found
  }

  _takeClasses(classes) {
    this.classes = classes
    const label = (each) => `${each.name} – ${plural(each.count, "label")}, ${each.likely} likely`
    this.select.replaceChildren(
      h("option", {value: ""}, "the class that lacks most"),
      ...classes.map((each) => h("option", {value: each.id}, label(each))),
    )
    this.names.replaceChildren(h("span.hint", {}, "The item in focus is"), ...classes.map((each) => {
      const chip = h("i.chip", {"aria-hidden": "true"})
      chip.style.background = each.colour
      return h("button.plain", {type: "button", onclick: () => this.tiles[this.at] && this._touch(this.tiles[this.at], each)}, chip, each.name, each.key ? h("kbd", {}, each.key) : null)
    }))
  }

  /** Show which class the page is of, also where the server chose it. */
  _chooseClass(id) {
    if (this._class(id)) this.select.value = String(id)
  }

  _class(id) {
    return this.classes.find((each) => each.id === id)
  }

  _acknowledged(entry, data) {
    const {path, class_id: classId} = entry.body
    if (path === "/api/groups/undo") this._say(`${plural(data.keys.length, "label")} taken back.`)
    else {
      this._say(sayStored(data, this._class(classId)?.name ?? ""))
      if (data.taken.length) this.notices.add(sayStored(data, this._class(classId)?.name ?? ""))
    }
    window.dispatchEvent(new CustomEvent("goldpan:confirmed", {detail: {uid: entry.body.uid, path, ...data}}))
  }

  _refused(entry, error) {
    const undo = entry.body.path === "/api/groups/undo"
    this.notices.add(`${undo ? "The undo" : "The page"} was not accepted: ${error}`, {bad: true})
    if (undo) return
    const last = this.past.find((each) => each.group === entry.body.group)
    this.past = this.past.filter((each) => each !== last)
    if (last?.out) this.refusals.remove(last.class_id, last.out)
    this._showUndo()
  }

  _say(text) {
    this.saved = text
    this._showStatus()
  }

  _showStatus() {
    const size = this.outbox?.size ?? 0
    const late = this.outbox?.late ?? false
    const text = late ? `${plural(size, "page")} not saved yet – ${this.outbox.trouble || "waiting for the server"}` : size ? "Saving…" : this.saved
    const state = late ? "late" : size ? "saving" : "saved"
    if (this.status.dataset.state !== state) this.status.dataset.state = state
    setText(this.status, text + (late && this.outbox.memoryOnly ? " (keep this page open)" : ""))
    this.news.tell({unsaved_count: size})
  }

  _showUndo() {
    this.undoButton.disabled = this.past.length === 0
  }
}

export function render({model, view}) {
  if (view.goldpanGrid && !view.goldpanGrid.closed) return view.goldpanGrid.root
  if (!document.getElementById("goldpan-theme")) document.head.append(h("style", {id: "goldpan-theme"}, GRID.theme))
  const grid = new ConfirmGrid(model)
  grid.root = h("div", {}, h("style", {}, GRID.css), grid.node)
  view.goldpanGrid = grid
  grid.start()
  return grid.root
}
