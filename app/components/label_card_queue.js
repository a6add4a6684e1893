// The items that wait in the browser: fetched ahead, images decoded ahead, never one that is already annotated.

const HOLD = 20
const LOW = 8
const DECODE_AHEAD = 10
const EMPTY_POLL_MS = [1000, 2000, 3000, 5000]

class ItemQueue {
  /** `on` holds fetched(data), failed(status); `unsent` says of the outbox which items wait in it, has(key), and count(). */
  constructor(on, unsent, look) {
    this.on = on
    this.unsent = unsent
    this.look = look
    this.current = null
    this.pinned = []
    this.waiting = []
    this.done = new Map()
    this.state = "loading"
    this.fetching = null
    this.again = false
    this.closed = false
    this.polls = 0
    this.nothingLeft = false
    this.round = null
    this.tab = tabName()
  }

  get length() {
    return this.pinned.length + this.waiting.length
  }

  /** Make the next item current and return it, or null where none waits. */
  advance() {
    this.current = this.pinned.shift() ?? this.waiting.shift() ?? null
    // A request on its way brings what the keys pressed meanwhile want; another one behind it would hold up their answers.
    if (this.length <= LOW && !this.fetching) this.refill()
    this._decode()
    return this.current
  }

  /** Put an item on screen; what was there waits at the front. */
  bringBack(item) {
    this.waiting = this.waiting.filter((other) => other.key !== item.key)
    this.pinned = this.pinned.filter((other) => other.key !== item.key)
    if (this.current && this.current.key !== item.key) this.pinned.unshift(this.current)
    this.current = item
    this.done.delete(item.key)
    this._decode()
  }

  /** Remember that this item is annotated; `revision` is Infinity until the server has acknowledged it. */
  markDone(item, revision = Infinity) {
    this.done.set(item.key, {round: item.round ?? 0, revision})
  }

  acknowledged(key, revision) {
    const entry = this.done.get(key)
    if (entry) entry.revision = revision
  }

  /** Fetch again; one request at a time, a request meanwhile asks for one more after it. */
  async refill() {
    if (this.closed) return
    if (this.fetching) {
      this.again = true
      return this.fetching
    }
    this.fetching = this._fetch()
    await this.fetching
    this.fetching = null
    if (this.again) {
      this.again = false
      this.refill()
    }
  }

  /** Fetch one item by its key, with the queue behind it. Returns the item or null. */
  async fetchItem(key) {
    const {status, data} = await this._get(key)
    if (status !== 200 || !Array.isArray(data.items)) return null
    return data.items.find((item) => item.key === key) ?? null
  }

  /** Fetch some items by their keys and let them come next, in this order; returns how many can be had. */
  async pin(keys) {
    const {status, data} = await this._get(keys)
    if (status !== 200 || !Array.isArray(data.items)) return 0
    const found = data.items.filter((item) => keys.includes(item.key) && item.key !== this.current?.key && !this.unsent.has(item.key))
    const fresh = new Set(found.map((item) => item.key))
    this.pinned = [...found, ...this.pinned.filter((item) => !fresh.has(item.key))]
    this.waiting = this.waiting.filter((item) => !fresh.has(item.key))
    for (const key of fresh) this.done.delete(key)
    this._decode()
    return found.length
  }

  /** Fetch the pictures anew, since they shall look otherwise. */
  redraw() {
    for (const item of [this.current, ...this.pinned, ...this.waiting]) if (item) item.picture = null
    this._decode()
  }

  close() {
    this.closed = true
    clearTimeout(this.timer)
  }

  /** The page goes away: give the items back, so that nobody has to wait until their leases end. */
  giveBack() {
    fetch("/api/queue/release", {
      method: "POST", keepalive: true, credentials: "same-origin", headers: {"Content-Type": "application/json"},
      body: JSON.stringify({tab: this.tab}),
    }).catch(() => {})
  }

  _get(keep) {
    const keys = keep ? [keep].flat() : []
    // The server still counts what waits in the outbox among the next items.
    const address = new URLSearchParams({count: Math.max(HOLD, keys.length) + this.unsent.count(), tab: this.tab})
    for (const key of keys) address.append("keep", key)
    return request(`/api/queue?${address}`)
  }

  async _fetch() {
    clearTimeout(this.timer)
    const {status, data} = await this._get(this.current?.key)
    if (this.closed) return
    if (status !== 200 || !Array.isArray(data.items)) {
      if (!this.current && !this.length) this.state = "error"
      this.on.failed(status, data)
      this._poll()
      return
    }
    this._accept(data)
    this.state = this.current || this.length ? "ready" : "empty"
    if (this.state === "ready") this.polls = 0
    else this._poll()
    this.on.fetched(data)
  }

  _accept(data) {
    this.nothingLeft = data.left === 0
    this.round = data.round
    const seen = new Set(this.pinned.map((item) => item.key))
    if (this.current) seen.add(this.current.key)
    const known = new Map(this.waiting.map((item) => [item.key, item]))
    this.waiting = []
    for (const item of data.items) {
      if (seen.has(item.key) || this.unsent.has(item.key) || this._isDone(item, data.revision)) continue
      seen.add(item.key)
      const old = known.get(item.key)
      if (old?.picture) item.picture = old.picture
      if (old?.series) item.series = old.series
      this.waiting.push(item)
    }
    this._decode()
  }

  /** An item annotated here comes again only when a later round, knowing of it, asks for it. */
  _isDone(item, revision) {
    const entry = this.done.get(item.key)
    return entry != null && !((item.round ?? 0) > entry.round && revision >= entry.revision)
  }

  _poll() {
    if (this.current || this.length) return
    const wait = EMPTY_POLL_MS[Math.min(this.polls++, EMPTY_POLL_MS.length - 1)]
    this.timer = setTimeout(() => this.refill(), wait)
  }

  _decode() {
    for (const item of [this.current, ...this.pinned, ...this.waiting].slice(0, DECODE_AHEAD + 1)) {
      picture(item, this.look)
      seriesOf(item)
    }
  }
}

/** The name of this tab, the same after a reload, so that two tabs of a person hold items of their own. */
function tabName() {
  try {
    const name = sessionStorage.getItem("goldpan:tab") ?? makeUid()
    sessionStorage.setItem("goldpan:tab", name)
    return name
  } catch {
    return makeUid()
  }
}

/** Return the item's <img>, made and decoded once; null where it has no image. `ready` is a promise of success. */
function picture(item, look) {
  if (!item?.view?.image) return null
  if (!item.picture) {
    const node = new Image()
    node.alt = ""
    node.draggable = false
    node.decoding = "sync"
    node.src = look.address(item.view.image)
    item.picture = {node, ready: node.decode().then(() => true, () => false), state: "pending"}
    const made = item.picture
    made.ready.then((good) => {
      made.state = good ? "good" : "bad"
      if (good) look.measure(made)
    })
  }
  return item.picture
}
