// The handle of a plot: drag it, or press arrow keys, and the plot goes up or down among the others. Bundled by
// plot_handle.py after label_card_net.js; HANDLE holds {css, theme, height}.

const STEPS = {ArrowUp: -1, ArrowLeft: -1, ArrowDown: 1, ArrowRight: 1}
const FROM_PX = 4
const FOCUS_EVERY_MS = 100
const FOCUS_FOR_MS = 5000

/** All handles of the page: each lives in a shadow root of its own, and finds the others here. */
const handles = (window.goldpanPlotHandles ??= new Set())

class PlotHandle {
  constructor(model) {
    this.model = model
    this.wishes = 0
    this.from = null
    this.to = null
    this.grip = h("button.grip", {type: "button"}, "⠿")
    this.line = h("div.line", {hidden: true, "aria-hidden": "true"})
    this.node = h("div.handle", {}, this.grip, this.line)
    this.grip.addEventListener("pointerdown", (event) => this.take(event))
    this.grip.addEventListener("pointermove", (event) => this.drag(event))
    this.grip.addEventListener("pointerup", () => this.drop(true))
    this.grip.addEventListener("pointercancel", () => this.drop(false))
    this.grip.addEventListener("keydown", (event) => this.keyed(event))
    model.on("label", () => this.say())
    this.say()
    handles.add(this)
  }

  say() {
    this.grip.title = "Drag, or press the arrow keys, to move this plot"
    this.grip.setAttribute("aria-label", this.model.label)
  }

  /** The tops of the plots of this list that are on the page, but for this one, from above. */
  tops() {
    for (const each of handles) if (each !== this && !each.node.isConnected) handles.delete(each)
    const others = [...handles].filter((each) => each !== this && each.model.group === this.model.group)
    return others.map((each) => each.node.getBoundingClientRect().top).sort((a, b) => a - b)
  }

  take(event) {
    if (event.button !== 0) return
    this.from = event.clientY
    this.grip.setPointerCapture(event.pointerId)
  }

  drag(event) {
    if (this.from === null || (this.to === null && Math.abs(event.clientY - this.from) < FROM_PX)) return
    const tops = this.tops()
    this.to = tops.filter((top) => top + HANDLE.height / 2 < event.clientY).length
    const y = this.to < tops.length ? tops[this.to] - 6 : (tops.at(-1) ?? event.clientY) + HANDLE.height
    const left = this.node.getBoundingClientRect().left
    Object.assign(this.line.style, {top: `${y}px`, left: `${left}px`, width: `${Math.max(innerWidth - left - 48, 80)}px`})
    show(this.line, true)
    this.node.toggleAttribute("data-held", true)
  }

  drop(wanted) {
    const to = this.to
    this.from = this.to = null
    show(this.line, false)
    this.node.toggleAttribute("data-held", false)
    if (wanted && to !== null) this.wish(to)
  }

  keyed(event) {
    if (event.key === "Escape") return this.drop(false)
    const step = STEPS[event.key]
    if (!step || event.ctrlKey || event.altKey || event.metaKey) return
    event.preventDefault()
    event.stopPropagation()
    this.wish(this.model.place + step)
    this.hold(performance.now() + FOCUS_FOR_MS)
  }

  /** The plot is put elsewhere on the page, and its handle loses the focus on the way: give it back, unless another has it. */
  hold(until) {
    if (document.activeElement === document.body && this.grip.isConnected) this.grip.focus()
    if (performance.now() < until) setTimeout(() => this.hold(until), FOCUS_EVERY_MS)
  }

  wish(to) {
    if (to === this.model.place || to < 0 || to >= this.model.count) return
    this.wishes += 1
    this.model.wish = [this.wishes, to]
  }
}

export function render({model, view}) {
  return renderOnce({model, view}, HANDLE, PlotHandle)
}
