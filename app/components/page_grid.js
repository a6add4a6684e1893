// A page of items that one act stores: what the Confirm page's grids share. Pages come and go over REST to our own
// server, so that they are kept while it is restarted. GRID holds {css, theme}.

const RETRY_MS = 2000
const WAIT_MS = 4000
const SIZES = [12, 24, 48]
const DEPTH = 20
const APPLE = /mac|iphone|ipad/i.test(navigator.platform ?? "")

/**
 * Its children say what they ask for (`_wish`), how it looks (`_build`, `_tile`, `_showMarks`), what keys do (`_press`),
 * what is stored (`store`) and taken back (`undo`), and the words (`_words`).
 */
class PageGrid {
  constructor(model) {
    this.model = model
    this.news = new News(model)
    this.state = "loading"
    this.classes = []
    this.tiles = []
    this.past = []
    this.page = null
    this.touched = false
    this.saved = ""
    this.size = 24
    this._buildParts()
    this._build()
    this._showUndo()
    this._show("loading")
    this.keys = (event) => this._key(event)
    document.addEventListener("keydown", this.keys)
    const fresh = () => this.model.active !== false && !this.touched && !this.outbox?.size && this.fetch({gently: true})
    for (const name of ["round_number", "classes_version", "active"]) model.on(name, fresh)
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
    this._opened(project)
    this.outbox = new PageOutbox(project, {
      change: () => this._showStatus(),
      acknowledged: (entry, data) => this._acknowledged(entry, data),
      refused: (entry, error) => this._refused(entry, error),
      instance: () => {},
    }, answer.person)
    this.outbox.start()
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
    const {path, body, again} = this._wish()
    const {status, data} = await request(path, {method: "POST", body})
    if (token !== this.fetching || this.closed || (gently && this.touched)) return
    if (status !== 200 || !Array.isArray(data.items)) {
      this._fill(null)
      this._show("error")
      this.timer = setTimeout(() => this.fetch(), RETRY_MS)
      return
    }
    this._takeClasses(data.classes ?? [])
    if (data.undoable && !this.past.length) this.past = [data.undoable]
    this.page = data
    this._fill(data.state === "ready" ? data : null)
    this._arrived(data)
    this._show(data.state)
    if (again.includes(data.state)) this.timer = setTimeout(() => this.fetch(), WAIT_MS)
  }

  /** Remember a page that was sent, so that it can be taken back; send it. */
  _send(step, body) {
    this.past.push(step)
    if (this.past.length > DEPTH) this.past.shift()
    this.saved = ""
    const shown = Math.max(0, Math.round(performance.now() - this.shownAt))
    this.outbox.add({uid: step.group, group: step.group, round: this.page.round, shown_ms: shown, ...body})
  }

  /** Show the next page in place of this one. */
  _turn() {
    this._fill(null)
    this.fetch()
  }

  /** Show a page that was taken back; `mark(tile, place)` marks each tile as it was. */
  _bringBack(page, items, mark) {
    this.fetching = {}
    this.page = page
    this._fill({...page, items})
    this.tiles.forEach(mark)
    this.touched = true
    this._arrived(page)
    this._show("ready")
  }

  /** Called with the project's name before the first page is asked for. */
  _opened() {}

  /** Called with each page that is shown. */
  _arrived() {}

  _buildParts() {
    this.sizes = h("select", {"aria-label": "Items on a page", onchange: () => {
      this.size = Number(this.sizes.value)
      this._turn()
    }}, ...SIZES.map((size) => h("option", {value: size, selected: size === this.size}, `${size} items`)))
    this.status = h("span.status", {role: "status", "aria-live": "polite"})
    this.reason = h("p.reason")
    this.go = h("button.go", {type: "button", disabled: true, onclick: () => this.store()})
    this.undoButton = this._button(() => this.undo(), "Undo", h("kbd", {}, APPLE ? "⌘Z" : "Ctrl Z"))
    this.names = h("div.names", {role: "group", "aria-label": "Name the item in focus"})
    this.grid = h("div.grid", {role: "group", "aria-label": "Items on this page"})
    this.message = h("div.message", {role: "status", hidden: true})
    this.notices = pageNotices()
  }

  _button(run, ...content) {
    return h("button.plain", {type: "button", onclick: () => run()}, ...content)
  }

  /** Draw a page's tiles; null empties the grid. */
  _fill(data) {
    this.touched = false
    this.at = 0
    const on = {touched: (tile) => this._touch(tile), focused: (tile) => this._focused(tile)}
    this.tiles = (data?.items ?? []).map((item) => this._tile(item, on))
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
    const said = this._words(state)
    const ready = state === "ready"
    show(this.message, !ready)
    for (const node of [this.grid, this.names, this.go]) show(node, ready)
    const button = said?.button && this._button(() => this.fetch(), said.button)
    if (said) this.message.replaceChildren(h("h2", {}, said.title), h("p", {}, said.detail), button ?? "")
    else this.message.replaceChildren(h("div.skeleton", {role: "img", "aria-label": "Loading the next page"}, ...Array.from({length: 12}, () => h("i"))))
    setText(this.reason, ready ? this._reason() : "")
    this._showMarks()
    this._showUndo()
  }

  _showGo(text) {
    this.go.replaceChildren(h("span", {}, text), h("kbd", {}, "Enter"))
    this.go.disabled = this.state !== "ready"
  }

  /** A tile was marked: it has the focus, and the page is no longer exchanged for a newer one. */
  _marked(tile) {
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
    if (step) this._focus(this.at + step)
    else if (event.key === "Home") this._focus(0)
    else if (event.key === "End") this._focus(this.tiles.length - 1)
    else if (event.key === "Enter") this.store()
    else return this._press(event.key, this.tiles[this.at])
    return true
  }

  _columns() {
    const top = this.tiles[0]?.node.offsetTop
    const found = this.tiles.findIndex((tile) => tile.node.offsetTop > top)
    return found < 1 ? this.tiles.length : found
  }

  _takeClasses(classes) {
    this.classes = classes
    this.names.replaceChildren(h("span.hint", {}, "The item in focus is"), ...classes.map((each) => {
      const chip = h("i.chip", {"aria-hidden": "true"})
      chip.style.background = each.colour
      return this._button(() => this.tiles[this.at] && this._touch(this.tiles[this.at], each), chip, each.name, each.key ? h("kbd", {}, each.key) : null)
    }))
  }

  _class(id) {
    return this.classes.find((each) => each.id === id)
  }

  /** The class that a key stands for; undefined where it is none's. */
  _classOf(key) {
    return this.classes.find((each) => each.key && each.key.toLowerCase() === key.toLowerCase())
  }

  _acknowledged(entry, data) {
    const {path, class_id: classId} = entry.body
    if (path === "/api/groups/undo") this._say(`${plural(data.keys.length, "label")} taken back.`)
    else {
      const words = path === "/api/audit" ? sayChecked(data) : sayStored(data, this._class(classId)?.name ?? "")
      this._say(words)
      if (data.taken.length) this.notices.add(words)
    }
    window.dispatchEvent(new CustomEvent("goldpan:confirmed", {detail: {uid: entry.body.uid, path, ...data}}))
  }

  _refused(entry, error) {
    const undo = entry.body.path === "/api/groups/undo"
    this.notices.add(`${undo ? "The undo" : "The page"} was not accepted: ${error}`, {bad: true})
    if (undo) return
    const last = this.past.find((each) => each.group === entry.body.group)
    this.past = this.past.filter((each) => each !== last)
    if (last) this._forget(last)
    this._showUndo()
  }

  /** Called with a step that is no longer there: what it took off the next pages may come again. */
  _forget() {}

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
