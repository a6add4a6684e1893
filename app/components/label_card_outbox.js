// The outbox: annotations that the server has not yet acknowledged. Each is written to localStorage before it is sent
// and removed when it is acknowledged, so that neither a reload nor a dead server loses one. One storage entry per
// annotation: two tabs never overwrite each other's, and the uid lets the server store a second delivery once.

const REFUSED = new Set([400, 413, 422])
const LATE_MS = 800
const HEALTH_MS = 1000
const BACKOFF_MS = [300, 1000, 2000, 4000, 5000]
const TOGETHER = 20
const TOGETHER_BYTES = 48000

class Outbox {
  /**
   * `on` holds the callbacks change(), acknowledged(entry, data), refused(entry, error), instance(id); `kind` keeps the
   * entries of one outbox apart from those of another. `person` is who gave them, where people sign in: what one of
   * them left waiting in this browser is never sent as another's.
   */
  constructor(project, on, {kind = "outbox", person = null} = {}) {
    this.project = project
    this.person = person
    this.on = on
    this.prefix = `goldpan:${kind}${person == null ? "" : `@${person}`}:${project}:`
    this.trouble = ""
    this.memoryOnly = false
    this.closed = false
    this.running = false
    this.together = TOGETHER
    this.last = 0
    this.entries = this._read()
    this.ticker = setInterval(() => this.entries.length && this.on.change(), 200)
  }

  get size() {
    return this.entries.length
  }

  /** Is the server lost, or late with an answer? */
  get late() {
    return this.size > 0 && (this.trouble !== "" || performance.now() - this.entries[0].sentAt > LATE_MS)
  }

  /** Store the annotation, then send it behind whatever waits. `pressedAt` is the time of the key, for timing. */
  add(body, pressedAt) {
    this.last = Math.max(this.last + 1, Date.now())
    const entry = {place: `${this.prefix}${String(this.last).padStart(15, "0")}:${body.uid}`, body, pressedAt}
    entry.sentAt = performance.now()
    try {
      localStorage.setItem(entry.place, JSON.stringify(body))
    } catch {
      this.memoryOnly = true
    }
    this.entries.push(entry)
    this.on.change()
    this.start()
  }

  has(itemKey) {
    return this.entries.some((entry) => entry.body.item_key === itemKey && entry.body.act !== "undo")
  }

  /** Send what waits, strictly in order, one request at a time, until nothing is left. */
  async start() {
    if (this.running || this.closed) return
    this.running = true
    let failures = 0
    while (this.size && !this.closed) {
      const done = await this._deliver(this._next())
      failures = done ? 0 : failures + 1
      if (!done && !this.closed) await this._recover(failures)
    }
    this.running = false
  }

  close() {
    this.closed = true
    clearInterval(this.ticker)
  }

  _read() {
    const entries = []
    try {
      for (const place of Object.keys(localStorage).filter((name) => name.startsWith(this.prefix)).sort()) {
        const body = JSON.parse(localStorage.getItem(place))
        if (body?.uid) entries.push({place, body, sentAt: performance.now(), pressedAt: null})
      }
    } catch {
      this.memoryOnly = true
    }
    return entries
  }

  /** The first of what waits, and what can go with it in one request: annotations without a path of their own. */
  _next() {
    const chosen = [this.entries[0]]
    let room = TOGETHER_BYTES - bytesOf(this.entries[0].body)
    if (this.entries[0].body.path) return chosen
    for (const entry of this.entries.slice(1, this.together)) {
      room -= bytesOf(entry.body)
      if (entry.body.path || room < 0) break
      chosen.push(entry)
    }
    return chosen
  }

  async _deliver(entries) {
    entries[0].sentAt = Math.max(entries[0].sentAt, this.freshFrom ?? 0)
    const headers = {"X-Goldpan-Project": encodeURIComponent(this.project)}
    if (this.person != null) headers["X-Goldpan-Person"] = String(this.person)
    const {path, body} = this._request(entries)
    const {status, data} = await request(path, {method: "POST", body, headers})
    if (this.closed) return false
    if (data.instance) this.on.instance(data.instance)
    const many = entries.length > 1
    // One that spoils a request for the others is found by sending them one by one.
    this.together = many && REFUSED.has(status) ? 1 : TOGETHER
    if (many && REFUSED.has(status)) return true
    if (status === 200) {
      this.trouble = ""
      this.freshFrom = performance.now()
      entries.forEach((entry, place) => this._settle(entry, many ? {...data, ...data.stored[place]} : data))
    } else if (REFUSED.has(status)) {
      this._settle(entries[0], {error: data.error || `the server answered ${status}`})
    } else {
      this.trouble = this._name(status, data)
      this.down = status === 0
    }
    this.on.change()
    return status === 200 || REFUSED.has(status)
  }

  /** Forget what the server has stored or refused, and tell. */
  _settle(entry, answer) {
    this._forget(entry)
    if (answer.error) this.on.refused(entry, answer.error)
    else this.on.acknowledged(entry, answer)
  }

  /** Where entries go, and what is sent: annotations, unless the only one has a path of its own. */
  _request(entries) {
    if (entries.length > 1) return {path: "/api/annotations", body: {annotations: entries.map((entry) => entry.body)}}
    const {path = "/api/annotations", ...body} = entries[0].body
    return {path, body}
  }

  _name(status, data) {
    if (status === 0) return "waiting for the server"
    if (status === 401 || status === 403) return data.error ? `the server says: ${data.error}` : "please sign in again"
    if (status === 409 && data.person) return "somebody else is signed in here now; they wait for you to sign in again"
    if (status === 409) return `the server shows another project now; these belong to ${this.project}`
    return data.error ? `the server says: ${data.error}` : "the server is busy"
  }

  _forget(entry) {
    this.entries = this.entries.filter((other) => other !== entry)
    try {
      localStorage.removeItem(entry.place)
    } catch {
      this.memoryOnly = true
    }
  }

  /** Wait until a new attempt makes sense: the server is back with our project, or the back-off is over. */
  async _recover(failures) {
    await sleep(BACKOFF_MS[Math.min(failures, BACKOFF_MS.length) - 1])
    while (this.down && !this.closed) {
      const answer = await health()
      if (answer) this.on.instance(answer.instance)
      if (answer && answer.project === this.project) this.down = false
      else {
        this.trouble = this._name(answer ? 409 : 0, {})
        this.on.change()
        await sleep(HEALTH_MS)
      }
    }
  }
}

function bytesOf(body) {
  return new TextEncoder().encode(JSON.stringify(body)).length + 1
}

/** Make the outbox's entry that takes back what was labelled at once, by its group's uid. */
function groupUndo(group) {
  const uid = `undo-${makeUid().replaceAll("-", "")}`
  return {uid, path: "/api/groups/undo", group, undo: uid, act: "undo", item_key: "", undoes_uid: group}
}
