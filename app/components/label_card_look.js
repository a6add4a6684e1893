// How images look: range, curve, contrast, brightness, invert. All of it is one table of 256 greys in an SVG filter: it
// costs nothing while the look is plain, and otherwise up to 5 ms a picture of a megapixel, where the same table through a
// canvas took 15 to 22 ms before anything was painted. Images of more than 8 bits get range and curve from the server.

const CURVES = {
  linear: (share) => share,
  sqrt: Math.sqrt,
  log: (share) => Math.log1p(1000 * share) / Math.log1p(1000),
  asinh: (share) => Math.asinh(10 * share) / Math.asinh(10),
}
const PLAIN_LOOK = {curve: "linear", low: null, high: null, contrast: 0, brightness: 0, invert: false}
const DEEP_RANGE = [0.5, 99.5]
const FULL_RANGE = [0, 100]
const LEVELS_SIDE_PX = 128
const FILTER_ID = "goldpan-look"

class Look {
  constructor(kept) {
    this.kept = kept
    this.deep = false
    this.chosen = {...PLAIN_LOOK}
    this.tables = ["R", "G", "B"].map((band) => {
      const table = document.createElementNS(SVG, `feFunc${band}`)
      table.setAttribute("type", "table")
      return table
    })
    this.node = this._makeFilter()
  }

  /** Take up what was chosen in this project before. */
  load() {
    const stored = this.kept.get("look", {})
    for (const name of Object.keys(PLAIN_LOOK)) if (fitsLook(name, stored[name])) this.chosen[name] = stored[name]
    if (this.low >= this.high) Object.assign(this.chosen, {low: null, high: null})
  }

  get low() {
    return this.chosen.low ?? this.usual[0]
  }

  get high() {
    return this.chosen.high ?? this.usual[1]
  }

  /** The range where nobody chose one. */
  get usual() {
    return this.deep ? DEEP_RANGE : FULL_RANGE
  }

  get plain() {
    return Object.keys(PLAIN_LOOK).every((name) => this.chosen[name] === PLAIN_LOOK[name])
  }

  /** Does the range differ from picture to picture, so that its numbers must be looked at here? */
  get needsLevels() {
    return !this.deep && (this.low > 0 || this.high < 100)
  }

  set(changes) {
    Object.assign(this.chosen, changes)
    this.kept.set("look", this.chosen)
  }

  /** Address of an item's image as it shall look. */
  address(url) {
    if (!this.deep || (this.chosen.curve === "linear" && this.chosen.low == null && this.chosen.high == null)) return url
    const asked = new URLSearchParams({stretch: this.chosen.curve, low: this.low, high: this.high})
    return `${url}${url.includes("?") ? "&" : "?"}${asked}`
  }

  /** Look at a decoded picture's numbers, where the range needs them; its levels are counts of 256 greys. */
  measure(picture) {
    if (this.needsLevels && !picture.levels) picture.levels = levelsOf(picture.node)
  }

  /** Set the filter for a picture; returns whether it is needed at all. */
  dress(picture) {
    const {curve, contrast, brightness, invert} = this.chosen
    const bent = !this.deep && curve !== "linear"
    if (!bent && !contrast && !brightness && !invert && !this.needsLevels) return false
    this.measure(picture)
    const values = this._table(picture.levels).join(" ")
    if (values !== this.values) for (const table of this.tables) table.setAttribute("tableValues", values)
    this.values = values
    return true
  }

  /** 256 greys from 0 to 1, one for each of 0 to 255. */
  _table(levels) {
    const {curve, contrast, brightness, invert} = this.chosen
    const [low, high] = this.needsLevels && levels ? [percentile(levels, this.low), percentile(levels, this.high)] : [0, 255]
    const steep = 10 ** (contrast / 100)
    return Array.from({length: 256}, (_, grey) => {
      let share = high > low ? Math.min(Math.max((grey - low) / (high - low), 0), 1) : grey / 255
      if (!this.deep) share = CURVES[curve](share)
      share = Math.min(Math.max((share - 0.5) * steep + 0.5 + brightness / 100, 0), 1)
      return Number((invert ? 1 - share : share).toFixed(4))
    })
  }

  _makeFilter() {
    const make = (name, attributes, ...children) => {
      const node = document.createElementNS(SVG, name)
      for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value)
      node.append(...children)
      return node
    }
    const transfer = make("feComponentTransfer", {}, ...this.tables)
    const area = {id: FILTER_ID, x: "0", y: "0", width: "1", height: "1", "color-interpolation-filters": "sRGB"}
    return make("svg", {width: "0", height: "0", "aria-hidden": "true", class: "filter-source"}, make("filter", area, transfer))
  }
}

/** May this value from the browser's storage be used? */
function fitsLook(name, value) {
  if (name === "curve") return Object.hasOwn(CURVES, value)
  if (name === "invert") return typeof value === "boolean"
  if (value === null) return name === "low" || name === "high"
  const [least, most] = name === "low" || name === "high" ? FULL_RANGE : [-100, 100]
  return Number.isFinite(value) && value >= least && value <= most
}

/** Count the greys of a picture on a small copy made of its own pixels, none of them averaged. */
function levelsOf(image) {
  const levels = new Uint32Array(256)
  const shrink = Math.min(1, LEVELS_SIDE_PX / Math.max(image.naturalWidth, image.naturalHeight, 1))
  const [width, height] = [image.naturalWidth, image.naturalHeight].map((side) => Math.max(1, Math.round(side * shrink)))
  const canvas = document.createElement("canvas")
  Object.assign(canvas, {width, height})
  const context = canvas.getContext("2d", {willReadFrequently: true})
  context.imageSmoothingEnabled = false
  context.drawImage(image, 0, 0, width, height)
  const {data} = context.getImageData(0, 0, width, height)
  for (let at = 0; at < data.length; at += 4) {
    levels[Math.round(0.299 * data[at] + 0.587 * data[at + 1] + 0.114 * data[at + 2])] += 1
  }
  return levels
}

/** The least grey at or below which a share of the pixels lies. */
function percentile(levels, rank) {
  const total = levels.reduce((sum, count) => sum + count, 0)
  let passed = 0
  for (let grey = 0; grey < levels.length; grey += 1) {
    passed += levels[grey]
    if (passed > 0 && passed >= (rank / 100) * total) return grey
  }
  return levels.length - 1
}
