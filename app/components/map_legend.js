// The legend of the pool map: what each colour means; a press hides or shows it on the map. Bundled by map_legend.py
// after label_card_net.js; LEGEND holds {css, theme}.

const SEARCH_FROM = 13
const SEND_AFTER_MS = 60
const RAMP_STEPS = 100

class MapLegend {
  constructor(model) {
    this.model = model
    this.timer = null
    this.buttons = new Map()
    this.search = h("input.search", {type: "search", placeholder: "Find in the legend", "aria-label": "Find in the legend"})
    this.search.addEventListener("input", () => this.sift())
    this.all = h("button.all", {type: "button", onclick: () => this.showAll()}, "Show all")
    this.list = h("div.list", {role: "group", "aria-label": "Legend: press to hide or show; with Shift, show only that"})
    this.list.addEventListener("keydown", (event) => this.keyed(event))
    this.ramp = h("div.ramp", {role: "group", "aria-label": "Values shown"})
    this.node = h("div.legend", {}, h("div.tools", {}, this.search, this.all), this.ramp, this.list)
    model.on("entries", () => this.draw())
    model.on("ramp", () => this.drawRamp())
    model.on("hidden", () => this.press())
    model.on("span", () => this.drawRamp())
    this.drawRamp()
    this.draw()
  }

  get hidden() {
    return new Set(this.model.hidden ?? [])
  }

  /** Entries that stay keep their buttons, and so the focus: counts change with every label. */
  draw() {
    const entries = [...(this.model.entries ?? [])].map(plain)
    const names = entries.map((entry) => entry.name)
    const before = [...this.buttons.keys()]
    const same = names.length === before.length && names.every((name, place) => name === before[place])
    if (!same) {
      this.buttons = new Map(names.map((name) => [name, this._button(name)]))
      this.list.replaceChildren(...this.buttons.values())
    }
    for (const entry of entries) this._say(this.buttons.get(entry.name), entry)
    show(this.search, entries.length >= SEARCH_FROM)
    if (this.search.hidden) this.search.value = ""
    this.press()
    this.sift()
  }

  _button(name) {
    const button = h("button.entry", {type: "button"}, h("i.dot", {"aria-hidden": "true"}), h("span.name"), h("span.count"))
    button.addEventListener("click", (event) => (event.shiftKey ? this.only(name) : this.toggle(name)))
    return button
  }

  _say(button, {label, colour, opacity, count}) {
    const [dot, words, amount] = button.children
    const said = count.toLocaleString("en")
    dot.style.setProperty("--colour", colour)
    dot.style.setProperty("--opacity", String(opacity))
    setText(words, label)
    setText(amount, said)
    button.title = `${label}\nPress to hide or show; with Shift, show only this`
    button.setAttribute("aria-label", `${label}, ${said} items`)
  }

  /** Enter and Space with Shift show one alone, as a click with Shift does. */
  keyed(event) {
    if (!event.shiftKey || !["Enter", " "].includes(event.key) || event.repeat) return
    const found = [...this.buttons].find(([, button]) => button === event.composedPath()[0])
    if (!found) return
    event.preventDefault()
    this.only(found[0])
  }

  toggle(name) {
    const hidden = this.hidden
    if (!hidden.delete(name)) hidden.add(name)
    this.tell({hidden: [...hidden]})
  }

  /** Show one alone; all again where it is alone already. */
  only(name) {
    const others = [...this.buttons.keys()].filter((other) => other !== name)
    const hidden = this.hidden
    const alone = !hidden.has(name) && others.every((other) => hidden.has(other))
    this.tell({hidden: alone ? [] : others})
  }

  showAll() {
    this.tell({hidden: [], span: [0, 1]})
    this.list.querySelector("button")?.focus()
  }

  /** Show on the buttons what is hidden. */
  press() {
    const hidden = this.hidden
    for (const [name, button] of this.buttons) button.setAttribute("aria-pressed", String(!hidden.has(name)))
    const [low, high] = this.model.span ?? [0, 1]
    show(this.all, [...this.buttons.keys()].some((name) => hidden.has(name)) || low > 0 || high < 1)
  }

  /** Leave the entries whose label holds what is typed. */
  sift() {
    const wanted = this.search.value.trim().toLocaleLowerCase()
    for (const button of this.buttons.values()) {
      show(button, !wanted || button.querySelector(".name").textContent.toLocaleLowerCase().includes(wanted))
    }
  }

  drawRamp() {
    const ramp = plain(this.model.ramp ?? {})
    show(this.ramp, Boolean(ramp.stops))
    const [low, high] = this.model.span ?? [0, 1]
    this.press()
    if (!ramp.stops || this.sliding) return
    const text = (share) => sayValue(ramp.low + share * (ramp.high - ramp.low), ramp.unit)
    const said = h("output", {})
    const slide = (words, value) => h("input", {type: "range", min: 0, max: RAMP_STEPS, step: 1, value: Math.round(value * RAMP_STEPS), "aria-label": `${words} ${ramp.name}`})
    const from = slide("Least value shown of", low)
    const to = slide("Largest value shown of", high)
    const say = () => {
      const [start, end] = [from, to].map((input) => Number(input.value) / RAMP_STEPS)
      from.setAttribute("aria-valuetext", text(start))
      to.setAttribute("aria-valuetext", text(end))
      setText(said, start > 0 || end < 1 ? `${text(start)} to ${text(end)}` : "")
      return [start, end]
    }
    const moved = (input) => {
      if (Number(from.value) > Number(to.value)) input.value = input === from ? to.value : from.value
      const span = say()
      this.sliding = true
      clearTimeout(this.timer)
      this.timer = setTimeout(() => { this.tell({span}); this.sliding = false }, SEND_AFTER_MS)
    }
    for (const input of [from, to]) input.addEventListener("input", () => moved(input))
    const track = h("span.track", {}, from, to)
    track.style.setProperty("--ramp", `linear-gradient(to right, ${ramp.stops.join(", ")})`)
    this.ramp.replaceChildren(h("span.name", {title: ramp.name}, ramp.name), h("span.count", {}, text(0)), track, h("span.count", {}, text(1)), said)
    say()
  }

  tell(values) {
    for (const [name, value] of Object.entries(values)) this.model[name] = value
    this.press()
    if (values.span && !this.sliding) this.drawRamp()
  }
}

/** Say a number, or a moment, as short as it can be read. */
function sayValue(value, unit) {
  const date = new Date(value * 1000)
  if (unit === "date" && !Number.isNaN(date.valueOf())) return date.toISOString().slice(0, 10)
  return String(Number(value.toPrecision(4)))
}

export function render(drawing) {
  return renderOnce(drawing, LEGEND, MapLegend)
}
