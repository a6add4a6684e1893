// The time series of an item: drag over a stretch to zoom into it, wheel about the pointer, double click for all of it;
// the values at the pointer are said below.

const SERIES_ZOOM_STEP = 1.5
const SERIES_LEAST_POINTS = 4
const DRAG_LEAST_PX = 6

class SeriesPane {
  constructor() {
    this.canvas = h("canvas", {role: "img"})
    this.cross = h("i.cross", {hidden: true})
    this.band = h("i.band", {hidden: true})
    this.plot = h("div.plot", {tabindex: "0", role: "group", "aria-label": "Time series of the item. Page Up and Page Down zoom, arrows move it, Home shows all of it."}, this.canvas, this.band, this.cross)
    this.readout = h("span.matches")
    this.all = toolButton("Whole", "Show the whole series", () => this.reset(), {hidden: true})
    const tools = h("div.tools", {role: "group", "aria-label": "How the series is shown"},
      toolButton("−", "Zoom out", () => this._zoomBy(1 / SERIES_ZOOM_STEP)), toolButton("+", "Zoom in", () => this._zoomBy(SERIES_ZOOM_STEP)), this.all, this.readout)
    this.node = h("div.reading", {hidden: true}, this.plot, tools)
    new ResizeObserver(() => this._draw()).observe(this.plot)
    // The colours of the canvas are not the page's style sheet's: another theme is another drawing.
    new MutationObserver(() => this._draw()).observe(document.documentElement, {attributes: true, attributeFilter: ["data-theme"]})
    this._listen()
  }

  /** Show an item's series; resolves to whether it can be, once it is drawn. */
  show(held) {
    this.held = held
    if (held.state === "good") return Promise.resolve(this._start())
    // The series of the item before must not stand under the next one's name.
    this.canvas.width = 0
    setText(this.readout, "Loading")
    return held.ready.then((good) => this.held !== held || !good ? good : this._start())
  }

  reset() {
    this._look([0, this._last])
  }

  /** What a key that no class can have does here; returns whether it did anything. */
  move(key) {
    if (!this.data) return false
    const [from, to] = this.view
    const by = {ArrowLeft: -1, ArrowRight: 1}[key] ?? 0
    if (key === "PageUp" || key === "PageDown") this._zoomBy(key === "PageUp" ? SERIES_ZOOM_STEP : 1 / SERIES_ZOOM_STEP)
    else if (key === "Home") this.reset()
    else if (by) this._look([from + (by * (to - from)) / 8, to + (by * (to - from)) / 8])
    return this.view[0] !== from || this.view[1] !== to
  }

  get data() {
    return this.held?.data ?? null
  }

  get _last() {
    return Math.max((this.data?.values[0]?.length ?? 1) - 1, 0)
  }

  _start() {
    this.canvas.setAttribute("aria-label", seriesInWords(this.data))
    this.canvas.style.height = `${this.data.values.length * LANE_LEAST_PX}px`
    this.reset()
    return true
  }

  /** Show a stretch, held within the series. */
  _look([from, to]) {
    const length = Math.min(Math.max(to - from, Math.min(SERIES_LEAST_POINTS, this._last)), this._last)
    const start = Math.min(Math.max(from, 0), this._last - length)
    this.view = [start, start + length]
    show(this.all, length < this._last)
    this._draw()
    this._say(null)
  }

  _zoomBy(factor, share = 0.5) {
    if (!this.data) return
    const [from, to] = this.view
    const at = from + share * (to - from)
    this._look([at - (at - from) / factor, at + (to - at) / factor])
  }

  _draw() {
    const {clientWidth: width, clientHeight: height} = this.canvas
    if (!this.data || !this.view || !width || !height) return
    drawSeries(this.canvas, this.data, this.view, {width, height, inks: plotInks()})
  }

  /** Say what is at a share of the width; null says what is shown. */
  _say(share) {
    show(this.cross, share != null)
    const {channels, points, step, values} = this.data
    const [from, to] = this.view
    if (share == null) {
      const shown = to - from < this._last ? `points ${Math.round(from * step) + 1} to ${Math.round(to * step) + 1} of ${points}` : plural(points, "point")
      return setText(this.readout, shown)
    }
    const at = Math.round(from + share * (to - from))
    this.cross.style.transform = `translateX(${((at - from) / (to - from || 1)) * this.plot.clientWidth}px)`
    const said = channels.map((name, place) => `${name} ${Number.isFinite(values[place][at]) ? sayNumber(values[place][at]) : "gap"}`)
    setText(this.readout, `point ${Math.round(at * step) + 1}: ${said.join(", ")}`)
  }

  _listen() {
    const share = (event) => {
      const box = this.plot.getBoundingClientRect()
      return Math.min(Math.max((event.clientX - box.left) / box.width, 0), 1)
    }
    this.plot.addEventListener("wheel", (event) => {
      if (!this.data) return
      const before = this.view
      const [from, to] = before
      if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
        const by = (event.deltaX / this.plot.clientWidth) * (to - from)
        this._look([from + by, to + by])
      } else this._zoomBy(Math.exp(-event.deltaY * (event.deltaMode === 1 ? LINE_PX : 1) * WHEEL_SPEED), share(event))
      if (this.view[0] !== from || this.view[1] !== to) event.preventDefault()
    }, {passive: false})
    this.plot.addEventListener("dblclick", () => this.data && this.reset())
    this.plot.addEventListener("mousedown", (event) => event.preventDefault())
    this.plot.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || !this.data) return
      this.from = share(event)
      this.plot.setPointerCapture(event.pointerId)
    })
    this.plot.addEventListener("pointermove", (event) => {
      if (!this.data) return
      this._say(share(event))
      if (this.from != null) this._mark(this.from, share(event))
    })
    this.plot.addEventListener("pointerleave", () => this.data && this._say(null))
    this.plot.addEventListener("pointerup", (event) => this._release(share(event)))
    this.plot.addEventListener("pointercancel", () => this._release(null))
  }

  /** Shade the stretch that is being dragged over. */
  _mark(from, to) {
    show(this.band, true)
    const width = this.plot.clientWidth
    this.band.style.transform = `translateX(${Math.min(from, to) * width}px)`
    this.band.style.width = `${Math.abs(to - from) * width}px`
  }

  _release(to) {
    const from = this.from
    this.from = null
    show(this.band, false)
    if (from == null || to == null || Math.abs(to - from) * this.plot.clientWidth < DRAG_LEAST_PX) return
    const [start, end] = this.view
    this._look([start + Math.min(from, to) * (end - start), start + Math.max(from, to) * (end - start)])
  }
}

/** Say what is drawn to those who cannot see it. */
function seriesInWords({channels, points, values}) {
  const said = channels.map((name, place) => {
    const span = spanOf(values[place], 0, values[place].length - 1)
    return span ? `${name} from ${sayNumber(span[0])} to ${sayNumber(span[1])}` : `${name} without values`
  })
  return `Time series of ${plural(points, "point")}: ${said.join(", ")}`
}
