// The image of an item: zoom about the pointer, pan, pinch; below it how it looks. Nodes are made once, and an item's
// picture is only put in; a zoom lasts for one item unless it is locked, the look for all.

const CRISP_BELOW_PX = 64
const TINY_BELOW_PX = 16
const ZOOM_STEP = 1.5
const ZOOM_OF_SMALL = 3
const LARGEST_PIXEL_PX = 32
const SQUARE_FROM_PX = 2.5
const PAN_STEP_PX = 60
const WHEEL_SPEED = 0.0018
const PINCH_SPEED = 0.012
const LINE_PX = 16
// Black and white keep a gap between them, so that neither can pass the other.
const LOOK_RANGES = {low: [0, 20, 0.1], high: [80, 100, 0.1], contrast: [-100, 100, 1], brightness: [-100, 100, 1]}
const LOOK_NAMES = {low: "Black at percentile", high: "White at percentile", contrast: "Contrast", brightness: "Brightness"}
const CURVE_NAMES = {linear: "Linear", sqrt: "Square root", log: "Logarithm", asinh: "Asinh"}
const REDRAW_AFTER_MS = 150

class ImagePane {
  /** `redraw` is called when pictures must be fetched anew because they shall look otherwise. */
  constructor(look, kept) {
    this.look = look
    this.kept = kept
    this.redraw = () => {}
    this.touches = new Map()
    this.zoom = {scale: 1, x: 0, y: 0}
    this.lens = h("div.lens")
    this.port = h("div.port", {tabindex: "0", role: "group", "aria-label": "Image of the item. Page Up and Page Down zoom, arrows move it, Home fits it."}, this.lens)
    this.fold = this._makeFold()
    this.node = h("div.figure", {hidden: true}, this.port, this.fold.panel, this._makeBar(), look.node)
    this._listen()
  }

  /** Take up what was chosen in this project before. */
  load() {
    this.look.load()
    this._press(this.lockButton, this.kept.get("lock", false) === true)
    this._showLook()
  }

  /** Put in an item's picture; resolves to whether it can be shown, once its pixels are ready to be painted. */
  show(key, pictured) {
    // Another look of the same item is fetched behind the old one.
    const waits = key === this.key && pictured.state === "pending" && this.lens.firstChild
    this.key = key
    this.pictured = pictured
    if (!waits) this._place(pictured)
    if (!this.locked && this.zoom.scale !== 1 && !waits) this.fit()
    if (pictured.state === "good") {
      this._dress(pictured)
      return Promise.resolve(true)
    }
    return pictured.ready.then((good) => {
      if (this.pictured !== pictured) return true
      this._place(pictured)
      if (good) this._dress(pictured)
      return good
    })
  }

  fit() {
    this._apply({scale: 1, x: 0, y: 0})
  }

  /** What a key that no class can have does here; returns whether it did anything. */
  move(key) {
    const {scale} = this.zoom
    const [x, y] = {ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1]}[key] ?? [0, 0]
    if (key === "PageUp" || key === "PageDown") this._zoomBy(key === "PageUp" ? ZOOM_STEP : 1 / ZOOM_STEP)
    else if (key === "Home") this.fit()
    else if ((x || y) && scale > 1) {
      this._pan(x * PAN_STEP_PX, y * PAN_STEP_PX)
      return true
    }
    return this.zoom.scale !== scale
  }

  get locked() {
    return this.lockButton.getAttribute("aria-pressed") === "true"
  }

  _place({node}) {
    node.alt = `Item ${this.key}`
    if (this.lens.firstChild !== node) this.lens.replaceChildren(node)
  }

  _dress(pictured) {
    const {naturalWidth, naturalHeight} = pictured.node
    const size = Math.max(naturalWidth, naturalHeight)
    pictured.node.classList.toggle("crisp", size < CRISP_BELOW_PX)
    // So few pixels are easier to read as a soft shape than as squares.
    pictured.node.classList.toggle("tiny", size < TINY_BELOW_PX)
    const filter = this.look.dress(pictured) ? `url(#${FILTER_ID})` : ""
    if (this.filter !== filter) this.lens.style.filter = filter
    this.filter = filter
    // Where nothing is zoomed nothing need be measured, which would lay out the page before it is painted.
    if (this.zoom.scale !== 1) this._apply(this.zoom)
  }

  /** CSS pixels for one pixel of the picture while it fits; 1 before it is there. */
  _ratio() {
    const node = this.lens.firstChild
    if (!node?.naturalWidth || !node.clientWidth) return 1
    return Math.min(node.clientWidth / node.naturalWidth, node.clientHeight / node.naturalHeight)
  }

  _zoomBy(factor, at = null) {
    this._zoomTo(this.zoom.scale * factor, at ?? this._middle())
  }

  /** Zoom to a scale, 1 being fitted; the point `at` of the port stays where it is. */
  _zoomTo(wanted, at) {
    const ratio = this._ratio()
    const least = Math.min(1, 1 / ratio)
    const most = Math.max(ZOOM_OF_SMALL, LARGEST_PIXEL_PX / ratio)
    let scale = Math.min(Math.max(wanted, least), most)
    if (Math.abs(scale - 1) < 0.01) scale = 1
    const grown = scale / this.zoom.scale
    const [x, y] = [at[0] - (at[0] - this.zoom.x) * grown, at[1] - (at[1] - this.zoom.y) * grown]
    this._apply({scale, x, y})
  }

  /** Between fitted and one pixel for one; a picture that is small already is enlarged instead. */
  _toggleZoom(at = null) {
    if (this.zoom.scale !== 1) return this.fit()
    const actual = 1 / this._ratio()
    this._zoomTo(actual > 1.05 ? actual : ZOOM_OF_SMALL, at ?? this._middle())
  }

  _middle() {
    return [this.port.clientWidth / 2, this.port.clientHeight / 2]
  }

  _pan(dx, dy) {
    this._apply({...this.zoom, x: this.zoom.x + dx, y: this.zoom.y + dy})
  }

  /** Zoom and place, held within the port; smaller than the port the picture stays in the middle. */
  _apply({scale, x, y}) {
    const held = (place, side) => {
      const room = side - side * scale
      return scale <= 1 ? room / 2 : Math.min(0, Math.max(room, place))
    }
    const fitted = scale === 1
    this.zoom = fitted ? {scale, x: 0, y: 0} : {scale, x: held(x, this.port.clientWidth), y: held(y, this.port.clientHeight)}
    this.lens.style.transform = fitted ? "" : `translate(${this.zoom.x}px, ${this.zoom.y}px) scale(${scale})`
    this.port.classList.toggle("zoomed", scale > 1)
    const pixel = fitted ? 0 : this._ratio() * scale
    this.lens.classList.toggle("squares", pixel >= SQUARE_FROM_PX)
    setText(this.readout, fitted ? "Fit" : `${Math.round(pixel * 100)} %`)
  }

  _listen() {
    const place = (event) => {
      const box = this.port.getBoundingClientRect()
      return [event.clientX - box.left, event.clientY - box.top]
    }
    this.port.addEventListener("wheel", (event) => {
      const before = this.zoom.scale
      const way = -event.deltaY * (event.deltaMode === 1 ? LINE_PX : 1)
      this._zoomBy(Math.exp(way * (event.ctrlKey ? PINCH_SPEED : WHEEL_SPEED)), place(event))
      // At either end the page scrolls on, so that nobody is caught over a picture.
      if (event.ctrlKey || this.zoom.scale !== before) event.preventDefault()
    }, {passive: false})
    this.port.addEventListener("dblclick", (event) => this._toggleZoom(place(event)))
    this.port.addEventListener("mousedown", (event) => event.preventDefault())
    this.port.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return
      this.touches.set(event.pointerId, place(event))
      this.port.setPointerCapture(event.pointerId)
    })
    this.port.addEventListener("pointermove", (event) => this.touches.has(event.pointerId) && this._drag(event.pointerId, place(event)))
    const leave = (event) => this.touches.delete(event.pointerId)
    for (const name of ["pointerup", "pointercancel", "lostpointercapture"]) this.port.addEventListener(name, leave)
  }

  /** One finger moves the picture; two also zoom it about the point between them. */
  _drag(id, to) {
    const from = this.touches.get(id)
    const other = [...this.touches].find(([each]) => each !== id)?.[1]
    this.touches.set(id, to)
    if (!other) return this.zoom.scale > 1 && this._pan(to[0] - from[0], to[1] - from[1])
    const apart = (point) => Math.max(Math.hypot(point[0] - other[0], point[1] - other[1]), 1)
    this._pan((to[0] - from[0]) / 2, (to[1] - from[1]) / 2)
    this._zoomBy(apart(to) / apart(from), [(to[0] + other[0]) / 2, (to[1] + other[1]) / 2])
  }

  _makeBar() {
    this.readout = h("span", {}, "Fit")
    this.lockButton = toolButton("Lock", "Keep the zoom for the next items", () => {
      this._press(this.lockButton, !this.locked)
      this.kept.set("lock", this.locked)
    }, {"aria-pressed": "false"})
    this.invertButton = toolButton("Invert", "Invert: dark becomes bright", () => this._change({invert: !this.look.chosen.invert}), {"aria-pressed": "false"})
    const actual = toolButton(this.readout, "Zoom: fitted, or one pixel for one", () => this._toggleZoom())
    return h("div.tools", {role: "group", "aria-label": "How the image is shown"},
      toolButton("−", "Zoom out", () => this._zoomBy(1 / ZOOM_STEP)), actual, toolButton("+", "Zoom in", () => this._zoomBy(ZOOM_STEP)),
      this.lockButton, this.invertButton, this.fold.button)
  }

  _makeFold() {
    this.fields = {}
    this.outputs = {}
    const curve = h("select", {"aria-label": "Stretch"}, ...Object.entries(CURVE_NAMES).map(([value, name]) => h("option", {value}, name)))
    curve.addEventListener("change", () => this._change({curve: curve.value}))
    this.fields.curve = curve
    const rows = Object.entries(LOOK_RANGES).map(([name, [min, max, step]]) => {
      const field = (this.fields[name] = h("input", {type: "range", min, max, step, "aria-label": LOOK_NAMES[name]}))
      field.addEventListener("input", () => this._change({[name]: Number(field.value)}))
      return h("label", {}, h("span", {}, LOOK_NAMES[name].replace(" percentile", "")), field, (this.outputs[name] = h("output")))
    })
    const reset = toolButton("Reset", "Show images as they are", () => this._change(PLAIN_LOOK))
    return new Fold("Adjust", "Range, contrast and brightness", [h("label", {}, h("span", {}, "Stretch"), curve), ...rows, reset], {kind: ".adjust"})
  }

  _press(button, on) {
    button.setAttribute("aria-pressed", String(on))
  }

  _change(changes) {
    const before = this.look.address("")
    this.look.set(changes)
    this._showLook()
    if (this.pictured?.state === "good") this._dress(this.pictured)
    if (this.look.address("") === before) return
    clearTimeout(this.timer)
    this.timer = setTimeout(() => this.redraw(), REDRAW_AFTER_MS)
  }

  _showLook() {
    const {chosen} = this.look
    this.fields.curve.value = chosen.curve
    for (const name of Object.keys(LOOK_RANGES)) {
      const value = chosen[name] ?? this.look[name]
      this.fields[name].value = value
      setText(this.outputs[name], LOOK_NAMES[name].endsWith("percentile") ? `${value} %` : String(value))
    }
    this._press(this.invertButton, chosen.invert)
    this.fold.button.classList.toggle("changed", !this.look.plain)
  }
}
