// A time series: fetched, and drawn on a canvas, each channel in a lane of its own with its own range.

const LANE_LEAST_PX = 44
const LANE_GAP_PX = 8
const PLOT_PAD_PX = 6
const HALO_PX = 4
const DOT_PX = 2

/** Fetch a series: {channels, points, step, values: a Float32Array for each channel}, null where it cannot be had. */
async function fetchSeries(address) {
  const {status, data} = await request(address, {cache: "default"})
  if (status !== 200 || !Array.isArray(data.channels) || typeof data.values !== "string") return null
  const bytes = Uint8Array.from(atob(data.values), (sign) => sign.charCodeAt(0))
  const numbers = new Float32Array(bytes.buffer, 0, bytes.length >> 2)
  const length = Math.floor(numbers.length / Math.max(data.channels.length, 1))
  const values = data.channels.map((_, place) => numbers.subarray(place * length, (place + 1) * length))
  return {channels: data.channels, points: data.points, step: data.step, values}
}

/** Return the item's series, fetched once; null where it has none. `ready` is a promise of success. */
function seriesOf(item) {
  if (!item?.view?.series) return null
  if (!item.series) {
    const held = (item.series = {data: null, state: "pending"})
    held.ready = fetchSeries(item.view.series).then((data) => {
      held.data = data
      held.state = data ? "good" : "bad"
      return data != null
    })
  }
  return item.series
}

/** Least and greatest of the finite values from one place to another; null where there is none. */
function spanOf(values, from, to) {
  let [low, high] = [Infinity, -Infinity]
  for (let at = Math.max(0, Math.floor(from)); at <= Math.min(values.length - 1, Math.ceil(to)); at += 1) {
    if (values[at] < low) low = values[at]
    if (values[at] > high) high = values[at]
  }
  return low <= high ? [low, high] : null
}

/** Make a canvas as sharp as the screen; returns its context in CSS pixels. */
function sharpContext(canvas, width, height) {
  const dense = window.devicePixelRatio || 1
  if (canvas.width !== Math.round(width * dense) || canvas.height !== Math.round(height * dense)) {
    Object.assign(canvas, {width: Math.round(width * dense), height: Math.round(height * dense)})
  }
  const context = canvas.getContext("2d")
  context.setTransform(dense, 0, 0, dense, 0, 0)
  context.clearRect(0, 0, width, height)
  return context
}

/** Draw the stretch `view` = [from, to] of a series, in places of its values; `inks` holds line, quiet, paper and font. */
function drawSeries(canvas, data, view, {width, height, inks, words = true}) {
  const context = sharpContext(canvas, width, height)
  const lane = (height - LANE_GAP_PX * (data.values.length - 1)) / data.values.length
  context.lineJoin = "round"
  context.font = inks.font
  data.values.forEach((values, place) => {
    const box = {top: place * (lane + LANE_GAP_PX) + PLOT_PAD_PX, height: lane - 2 * PLOT_PAD_PX, width}
    const span = spanOf(values, ...view)
    context.strokeStyle = inks.line
    if (span) drawLane(context, values, view, span, box)
    if (!words) return
    write(context, inks, data.channels[place], [6, box.top + 10], "left", width / 2)
    write(context, inks, span ? sayNumber(span[1]) : "no values here", [width - 6, box.top + 10], "right")
    if (span) write(context, inks, sayNumber(span[0]), [width - 6, box.top + box.height - 2], "right")
  })
}

/** Write over a line so that both can be read. */
function write(context, inks, words, [x, y], align, most) {
  Object.assign(context, {textAlign: align, strokeStyle: inks.paper, fillStyle: inks.quiet, lineWidth: HALO_PX})
  context.strokeText(words, x, y, most)
  context.fillText(words, x, y, most)
}

/** One line, broken where there is no value; many values to a pixel are drawn as their span, so that no peak is lost. */
function drawLane(context, values, [from, to], [low, high], {top, height, width}) {
  const x = (at) => (to > from ? ((at - from) / (to - from)) * width : width / 2)
  const y = (value) => top + (high > low ? (1 - (value - low) / (high - low)) * height : height / 2)
  const dense = (to - from) / width > 3
  const step = dense ? (to - from) / width : 1
  context.lineWidth = dense ? 1 : 1.5
  context.beginPath()
  let pen = false
  for (let at = Math.max(0, dense ? from : Math.floor(from)); at <= Math.min(values.length - 1, Math.ceil(to)); at += step) {
    const span = dense ? spanOf(values, at, at + step) : Number.isFinite(values[at]) ? [values[at], values[at]] : null
    if (!span) {
      pen = false
      continue
    }
    if (pen) context.lineTo(x(at), y(span[0]))
    else context.moveTo(x(at), y(span[0]))
    context.lineTo(x(at), y(span[1]))
    pen = true
  }
  context.stroke()
  if (dense) return
  // A value between two gaps is no line: a dot.
  context.fillStyle = context.strokeStyle
  for (let at = Math.max(0, Math.floor(from)); at <= Math.min(values.length - 1, Math.ceil(to)); at += 1) {
    if (!Number.isFinite(values[at]) || Number.isFinite(values[at - 1]) || Number.isFinite(values[at + 1])) continue
    context.fillRect(x(at) - DOT_PX, y(values[at]) - DOT_PX, 2 * DOT_PX, 2 * DOT_PX)
  }
}

function sayNumber(value) {
  return String(Number(value.toPrecision(4)))
}

/** The inks of the theme that is shown. */
function plotInks() {
  const style = getComputedStyle(document.documentElement)
  const token = (name) => style.getPropertyValue(`--gp-${name}`).trim()
  return {line: token("primary"), quiet: token("text-2"), paper: token("sunken"), font: `${token("size-xs")} ${token("font")}`}
}

/** Return a small canvas with the item's series, drawn once it is there and has a size. */
function seriesTile(item) {
  const canvas = h("canvas.sparkline", {"aria-hidden": "true"})
  const draw = () => {
    const {clientWidth: width, clientHeight: height} = canvas
    const held = item.series
    if (width && height && held?.data) drawSeries(canvas, held.data, [0, held.data.values[0].length - 1], {width, height, inks: plotInks(), words: false})
  }
  const watch = new ResizeObserver(draw)
  watch.observe(canvas)
  seriesOf(item)?.ready.then(draw)
  return h("div.picture.wide", {}, canvas)
}
