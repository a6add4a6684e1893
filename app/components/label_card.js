// The label card: puts the parts together. What matters goes over REST, so that it works on while the server and the page's
// websocket are restarted; parameters only tell it news. Bundled by label_card.py; CARD holds {css, theme, palette}.

const [HEARTBEAT_MS, TELL_APART_MS] = [5000, 500]

class LabelCard {
  constructor(model) {
    this.model = model
    this.news = new News(model, TELL_APART_MS)
    this.history = new History()
    this.pressedAt = null
    this.shownAt = 0
    this.revision = 0
    this.saved = false
    this.online = true
    this.instance = null
    this.outbox = null
    this.status = h("span.status", {role: "status", "aria-live": "polite"})
    this.panel = new ClassPanel({pick: (id) => this.label(id, performance.now()), add: (names) => this.addClasses(names)}, CARD.palette)
    this.pane = new ItemPane((event) => {
      this.accept(performance.now())
      if (event.detail > 0) event.currentTarget.blur()
    }, this.status)
    this.near = new NearPane()
    const Queue = this.parts.queue
    this.queue = new Queue(
      {fetched: (data) => this._fetched(data), failed: (status) => this._failed(status)},
      {has: (key) => this.outbox?.has(key) ?? false, count: () => this.outbox?.size ?? 0},
      this.pane.look,
    )
    this.overlay = makeKeysOverlay(this.parts.keys)
    this.flagging = makeFlagDialog((comment) => this._annotate("flag", null, performance.now(), {comment}))
    this._build()
    this.stopKeys = listenForKeys(cardActions(this))
    this.heart = setInterval(() => this._beat(), HEARTBEAT_MS)
    this.leave = () => this.queue.giveBack()
    window.addEventListener("pagehide", this.leave)
    this._listenToModel()
  }

  /** What a card of another kind has of its own: queue, kind of outbox, words on its keys, acts that it can take back. */
  get parts() {
    return {queue: ItemQueue, outbox: "outbox", keys: LABEL_KEYS, takesBack: () => true}
  }

  /** Open the outbox of the project served here, replay what it holds, then fetch the queue and the history. */
  async start() {
    let answer = await health()
    while (!answer && !this.closed) {
      this.queue.state = "error"
      this._refresh()
      await sleep(1000)
      answer = await health()
    }
    if (this.closed) return
    this.queue.state = "loading"
    this._seeInstance(answer.instance)
    this.outbox = new Outbox(answer.project ?? "", {
      change: () => this._showStatus(),
      acknowledged: (entry, data) => this._acknowledged(entry, data),
      refused: (entry, error) => this._refused(entry, error),
      instance: (id) => this._seeInstance(id),
    }, {kind: this.parts.outbox, person: answer.person})
    for (const {body} of this.outbox.entries) {
      if (body.act === "undo") this.queue.done.delete(body.item_key)
      else this.queue.markDone({key: body.item_key, round: body.round})
    }
    this._showStatus()
    this.pane.open(answer.project ?? "", () => this.queue.redraw())
    this.outbox.start()
    this._readHistory([...this.outbox.entries])
    await this.queue.refill()
    const wanted = this._param("open_key", "")
    if (wanted) this.open(wanted)
    this.openAll([...this._param("open_keys", [])])
  }

  close() {
    this.closed = true
    this.stopKeys()
    clearInterval(this.heart)
    window.removeEventListener("pagehide", this.leave)
    this.queue.close()
    this.outbox?.close()
  }

  label(classId, pressedAt) {
    const known = this.panel.find(classId)
    if (!known) return false
    if (!this._annotate("label", classId, pressedAt)) return false
    this.panel.press(classId)
    this.panel.bump(classId, 1)
    return true
  }

  accept(pressedAt) {
    const id = this.queue.current?.suggestion?.class_id
    return id == null ? false : this.label(id, pressedAt)
  }

  skip(pressedAt) {
    return this._annotate("skip", null, pressedAt)
  }

  unsure(pressedAt) {
    return this._annotate("unsure", null, pressedAt)
  }

  /** Ask what is wrong with the item, then flag it. */
  flag() {
    if (this.queue.current && this.outbox) this.flagging.ask(this.queue.current.key)
  }

  /** Do again what was undone last; its item is the one on screen. */
  redo(pressedAt) {
    const next = this.queue.current && this.history.redo(this.queue.current.key)
    if (!next || (next.act === "label" && !this.panel.find(next.class_id))) return
    this._annotate(next.act, next.class_id, pressedAt, {comment: next.comment ?? "", redone: true})
    if (next.act === "label") this.panel.bump(next.class_id, 1)
  }

  /** Bring back what was annotated last, and tell the server; the annotation itself stays in the history. */
  async undo(pressedAt) {
    if (!this.outbox || this.history.empty) return
    const last = this.history.undo()
    this.pressedAt = pressedAt
    if (last.act === "group") return this._undoGroup(last, pressedAt)
    this._post({item_key: last.item_key, act: "undo", undoes_uid: last.uid}, pressedAt)
    this.panel.bump(last.act === "label" ? last.class_id : null, -1)
    this.queue.done.delete(last.item_key)
    this._showUndo()
    if (last.item) return this._present(last.item)
    const item = await this._fetchWhenSaved(last.item_key)
    if (item) this._present(item)
    else this.notices.add(`Undone: item ${last.item_key}. It is waiting to be labelled again.`)
  }

  /** Show this item next, whatever waits; used when a person picks it elsewhere on the page. */
  async open(key) {
    if (!key) return
    this.news.tell({open_key: ""})
    if (key === this.queue.current?.key) return
    const held = [...this.queue.pinned, ...this.queue.waiting].find((item) => item.key === key)
    const item = held ?? (await this.queue.fetchItem(key))
    if (item) this._present(item)
    else this.notices.add(`Item ${key} cannot be opened here; it may be labelled already.`)
  }

  /** Show these items next, one after the other: a selection made elsewhere on the page. */
  async openAll(keys) {
    if (!keys.length) return
    this.news.tell({open_keys: []})
    const count = await this.queue.pin(keys)
    if (!count) return this.notices.add("The chosen items cannot be opened here; they may be labelled already.")
    if (this.queue.current) this.queue.pinned.push(this.queue.current)
    this.queue.advance()
    this._refresh()
    focusCard(this.node)
    this.notices.add(`The ${plural(count, "item")} you chose come${count === 1 ? "s" : ""} next.`)
  }

  /** Add classes one by one; returns {error, left}: the first error in words or "", and the names not added. */
  async addClasses(names) {
    for (const [index, name] of names.entries()) {
      if (this.panel.classes.some((each) => each.name === name)) continue
      const {status, data} = await request("/api/classes", {method: "POST", body: {name}})
      const left = names.slice(index)
      if (status !== 200) return {error: data.error || "The server does not answer. Try again in a moment.", left}
      if (Array.isArray(data.classes)) this._takeClasses(data.classes)
    }
    return {error: "", left: []}
  }

  _build() {
    this.notices = makeNotices()
    const action = (label, key, run) => h("button.plain", {type: "button", onclick: (event) => {
      run(performance.now())
      if (event.detail > 0) event.currentTarget.blur()
    }}, label, h("kbd", {}, key))
    this.undoButton = action("Undo", UNDO_KEY, (at) => this.undo(at))
    this.skipButton = action("Skip", "S", (at) => this.skip(at))
    this.unsureButton = action("Unsure", "U", (at) => this.unsure(at))
    this.flagButton = action("Flag", "F", () => this.flag())
    const keys = action("Keys", "?", () => this.overlay.toggle())
    const actions = h("div.actions", {role: "group", "aria-label": "Other answers"}, this.skipButton, this.unsureButton, this.flagButton, this.undoButton, keys)
    const side = h("aside", {"aria-label": "Answer"}, this.panel.node, actions)
    this.body = h("div.body", {}, this.pane.node, side, this.near.node)
    this.node = h("section.card", {"aria-label": "Label this item", lang: "en", tabindex: "-1"}, this.notices.node, this.body, this.overlay.node, this.flagging.node)
    this.panel.allowAdding(this._param("may_add_classes", true))
    this._takeClasses(this._classesOfModel())
    this._showUndo()
    this._refresh()
  }

  _listenToModel() {
    const on = (name, react) => this.model.on(name, react)
    on("classes", () => this._takeClasses(this._classesOfModel(), this.revision === 0))
    on("round_number", () => this.queue.refill())
    on("open_keys", () => this.openAll([...this._param("open_keys", [])]))
    on("open_key", () => this.open(this._param("open_key", "")))
    on("remove", () => this.close())
  }

  /** Write the annotation into the outbox and put the next item on screen. Nothing on screen: nothing happens. */
  _annotate(act, classId, pressedAt, {comment = "", redone = false} = {}) {
    const item = this.queue.current
    if (!item || !this.outbox) return false
    this.pressedAt = pressedAt
    const body = {item_key: item.key, act, class_id: classId, comment}
    const uid = this._post({...body, shown_ms: Math.max(0, Math.round(pressedAt - this.shownAt)), item}, pressedAt)
    this.history.add({uid, ...body, item}, {redone})
    this.queue.markDone(item)
    item.picture = item.series = null
    this._showUndo()
    this.queue.advance()
    this._refresh()
    return true
  }

  _post({item, ...body}, pressedAt) {
    const uid = makeUid()
    this.saved = false
    this.outbox.add({
      uid, class_id: null, undoes_uid: null, comment: "", shown_ms: null, ...body,
      round: item?.round ?? null, strategy: item?.strategy ?? "", kind: item?.kind ?? "",
      suggested_class_id: item?.suggestion?.class_id ?? null,
    }, pressedAt)
    return uid
  }

  /** Take back what was given at once on another page, as one step. */
  _undoGroup(last, pressedAt) {
    this.saved = false
    this.outbox.add(groupUndo(last.uid), pressedAt)
    this._showUndo()
    const of = last.class_name ? ` of ${last.class_name}` : ""
    const labels = plural(last.count, "label")
    const what = last.uid.startsWith("merge-") ? `the merge${of}, ${labels}` : `${labels}${of}, given at once`
    this.notices.add(`Taken back: ${what}. Undo again for what was before.`)
  }

  _present(item) {
    this.queue.bringBack(item)
    this._refresh()
  }

  /** Draw what is current: the item, or what to know while there is none. */
  _refresh() {
    const item = this.queue.current
    for (const button of [this.skipButton, this.unsureButton, this.flagButton]) button.disabled = !item
    this.panel.suggest(item?.suggestion?.class_id ?? null)
    if (item) {
      this.shownAt = performance.now()
      const pressedAt = this.pressedAt
      const token = (this.painting = {})
      this.pane.showItem(item).then(() => token === this.painting && this._paint(item, pressedAt))
    } else {
      this.painting = null
      this.near.show(null)
      this.pane.showState(this._describe())
      this.news.tell({current_key: "", current_row: -1})
    }
  }

  /** After the frame with the item is out: tell whoever measures, then Python. */
  _paint(item, pressedAt) {
    requestAnimationFrame(() => {
      const channel = new MessageChannel()
      let framed = 0
      channel.port1.onmessage = () => { framed = performance.now() }
      channel.port2.postMessage(null)
      requestAnimationFrame(() => {
        const now = performance.now()
        const detail = {key: item.key, pressed_at: pressedAt, painted_at: framed || now, next_frame_at: now}
        window.dispatchEvent(new CustomEvent("goldpan:painted", {detail}))
        channel.port1.close()
        if (this.queue.current !== item) return
        this.near.show(item)
        this.news.tell({current_key: item.key, current_row: item.row ?? -1})
      })
    })
  }

  async _fetchWhenSaved(key) {
    while (this.outbox.size && !this.closed) await sleep(20)
    return this.closed ? null : this.queue.fetchItem(key)
  }

  async _readHistory(waiting) {
    const {status, data} = await request(`/api/history?limit=${UNDO_DEPTH}`)
    const stored = status === 200 && Array.isArray(data.items) ? [...data.items].reverse() : []
    this.history.merge(stored.filter(this.parts.takesBack), waiting.map((entry) => entry.body))
    this._showUndo()
  }

  _fetched(data) {
    this.online = true
    this._seeInstance(data.instance)
    const fresh = (data.revision ?? 0) >= this.revision
    if (Array.isArray(data.classes)) this._takeClasses(data.classes, fresh)
    if (data.counts && fresh) this._takeCounts(data.counts)
    if (!this.queue.current && this.queue.length) this.queue.advance()
    else if (this.queue.current && this.shownAt) return
    this.pressedAt = null
    this._refresh()
  }

  _failed(status) {
    if (status === 0) this.online = false
    if (!this.queue.current) this._refresh()
    this._showStatus()
  }

  /** Take the classes; their counts only where they are not older than what was acknowledged here. */
  _takeClasses(classes, countsToo = true) {
    if (!Array.isArray(classes) || (!classes.length && this.panel.classes.length)) return
    const counted = Object.fromEntries(classes.filter((each) => each.count != null).map((each) => [each.id, each.count]))
    const text = JSON.stringify(classes.map(({count, total, ...rest}) => rest))
    if (text !== this.classText) {
      this.classText = text
      this.panel.setClasses(classes)
      this.pane.classes = new Map(this.panel.classes.map((each) => [each.id, each]))
      if (this.queue.current) this.pane.showItem(this.queue.current)
    }
    if (countsToo && Object.keys(counted).length) this._takeCounts(counted)
  }

  /** Counts of the server, and on top of them what it does not know yet. */
  _takeCounts(counts) {
    this.panel.setCounts(counts)
    for (const {body} of this.outbox?.entries ?? []) if (body.act === "label") this.panel.bump(body.class_id, 1)
  }

  _acknowledged(entry, data) {
    this.revision = Math.max(this.revision, data.revision ?? 0)
    if (data.counts) this._takeCounts(data.counts)
    this.queue.acknowledged(entry.body.item_key, data.revision)
    if (entry.body.path) this.queue.refill()
    this.saved = true
    this.online = true
    this.news.tell({revision: data.revision ?? 0})
    const {uid, item_key, act, class_id, undoes_uid} = entry.body
    const detail = {uid, item_key, act, class_id, undoes_uid, pressed_at: entry.pressedAt, saved_at: performance.now()}
    window.dispatchEvent(new CustomEvent("goldpan:saved", {detail}))
  }

  _refused(entry, error) {
    const what = entry.body.act === "undo" ? "The undo" : `The ${entry.body.act}`
    const of = entry.body.item_key ? ` of item ${entry.body.item_key}` : ""
    this.history.forget(entry.body.uid)
    this.queue.done.delete(entry.body.item_key)
    if (entry.body.act === "label") this.panel.bump(entry.body.class_id, -1)
    this.notices.add(`${what}${of} was not accepted: ${error}`, {bad: true})
    this._showUndo()
  }

  _seeInstance(id) {
    if (!id || id === this.instance) return
    const restarted = this.instance !== null
    this.instance = id
    if (!restarted) return
    this.queue.refill()
    this.notices.add("The server was restarted; your labels are safe. Reload to refresh the charts.", {
      button: "Reload", onclick: () => location.reload(),
    })
  }

  /** Look now and then whether the server is there, so that the card says so before a label waits. */
  async _beat() {
    if (!this.outbox || this.outbox.size || document.hidden || this.closed) return
    const answer = await health()
    const was = this.online
    this.online = answer != null
    if (answer) this._seeInstance(answer.instance)
    if (!was && this.online) this.queue.refill()
    if (was !== this.online) this._showStatus()
  }

  _showStatus() {
    const [size, late] = [this.outbox?.size ?? 0, this.outbox?.late ?? false]
    if (late) this.online = this.outbox.trouble !== "waiting for the server" && this.online
    saySaving(this, late)
    this.news.tell({unsaved_count: size})
    if (!this.queue.current && late !== this.wasLate) this._refresh()
    this.wasLate = late
  }

  _showUndo() { this.undoButton.disabled = this.history.empty }

  _describe() { return describeState(this) }

  _param(name, fallback) {
    return this.model[name] ?? fallback
  }

  _classesOfModel() {
    return [...this._param("classes", [])].map((each) => (each instanceof Map ? Object.fromEntries(each) : each))
  }
}
