// Small helpers of the label card: nodes, ids, waiting, fetch with a time limit, news for Python.

const SVG = "http://www.w3.org/2000/svg"
const TELL_AFTER_MS = 70

/** Make a node: `h("button.cls", {type: "button"}, "text", child)`. Strings become text nodes, never markup. */
function h(spec, attributes = {}, ...children) {
  const [tag, ...classes] = spec.split(".")
  const node = document.createElement(tag)
  if (classes.length) node.className = classes.join(" ")
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value == null) continue
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value)
    else node.setAttribute(name, value === true ? "" : value)
  }
  node.append(...children.filter((child) => child != null))
  return node
}

/** Draw an icon of 16 by 16 from path data, in the colour of the text around it. */
function icon(paths) {
  const svg = document.createElementNS(SVG, "svg")
  svg.setAttribute("viewBox", "0 0 16 16")
  svg.setAttribute("aria-hidden", "true")
  svg.setAttribute("class", "icon")
  for (const d of paths) {
    const path = document.createElementNS(SVG, "path")
    path.setAttribute("d", d)
    svg.append(path)
  }
  return svg
}

/** Panel hands nested values over as Maps; return them as objects and arrays. */
function plain(value) {
  if (value instanceof Map) return Object.fromEntries([...value].map(([name, each]) => [name, plain(each)]))
  return Array.isArray(value) ? value.map(plain) : value
}

/** Set text only where it changed, so that nothing is laid out anew for nothing. */
function setText(node, text) {
  if (node.textContent !== text) node.textContent = text
}

function show(node, visible) {
  if (node.hidden === visible) node.hidden = !visible
}

function sleep(ms) {
  return new Promise((done) => setTimeout(done, ms))
}

/** Make a version 4 UUID; `crypto.randomUUID` is missing where the page is not a secure context. */
function makeUid() {
  if (crypto.randomUUID) return crypto.randomUUID()
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  bytes[6] = (bytes[6] & 0x0f) | 0x40
  bytes[8] = (bytes[8] & 0x3f) | 0x80
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

/**
 * Fetch JSON from our own server. Never throws: `status` is 0 where no answer came within `limit` ms.
 * Returns {status, data}; data is {} where the body was not a JSON object.
 */
async function request(path, {method = "GET", body, headers = {}, limit = 10000, cache = "no-store"} = {}) {
  const stop = new AbortController()
  const timer = setTimeout(() => stop.abort(), limit)
  try {
    const response = await fetch(path, {
      method,
      signal: stop.signal,
      cache,
      credentials: "same-origin",
      headers: {Accept: "application/json", ...(body ? {"Content-Type": "application/json"} : {}), ...headers},
      body: body ? JSON.stringify(body) : undefined,
    })
    const data = await response.json().catch(() => ({}))
    return {status: response.status, data: data && typeof data === "object" ? data : {}}
  } catch {
    return {status: 0, data: {}}
  } finally {
    clearTimeout(timer)
  }
}

/** Ask whether the server is there and knows us, and which project it serves. Returns its answer or null. */
async function health() {
  const {status, data} = await request("/api/health", {limit: 1500})
  return status === 200 && data.status === "ok" && data.instance ? data : null
}

/** Say a share as a percentage a person can read: 83 %, < 1 %, > 99 %. */
function percent(share) {
  const value = share * 100
  if (value > 0 && value < 1) return "< 1 %"
  if (value > 99 && value < 100) return "> 99 %"
  return `${Math.round(value)} %`
}

function plural(count, one, many = `${one}s`) {
  return `${count} ${count === 1 ? one : many}`
}

/**
 * Tells Python through the model's parameters, a little later, so that the frame with the next item goes first; and not
 * more often than every `apartMs`, since what Python repaints then would hold up the next key.
 */
class News {
  constructor(model, apartMs = 0) {
    this.model = model
    this.apartMs = apartMs
    this.sentAt = -apartMs
    this.waiting = {}
    this.timer = null
  }

  tell(values) {
    Object.assign(this.waiting, values)
    const due = Math.max(TELL_AFTER_MS, this.sentAt + this.apartMs - performance.now())
    this.timer ??= setTimeout(() => this._send(), due)
  }

  /** Send only what changed; a closed websocket is no reason to stop. */
  _send() {
    const news = this.waiting
    this.waiting = {}
    this.timer = null
    this.sentAt = performance.now()
    for (const [name, value] of Object.entries(news)) {
      if (this.model[name] === value || this.model[name] === undefined) continue
      try {
        this.model[name] = value
      } catch (error) {
        console.debug("goldpan: the page's session is gone", error)
      }
    }
  }
}
