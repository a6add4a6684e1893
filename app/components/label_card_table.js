// A row of a table: each value with its unit, and a strip that shows where it lies among the values of its column. Which
// columns are shown is chosen by the person. How columns are spread is fetched once, after the first row is on screen.

const STRIP_WIDTH_PX = 72
const STRIP_HEIGHT_PX = 20
const SHARE_WIDTH_PX = 32
const MARK_PX = 2
const FACTS_AFTER_MS = 300
const FACTS_LIMIT_MS = 120000
const FACTS_TRIES = 3

/** What is known of the columns: units, and how each is spread. */
class ColumnFacts {
  constructor() {
    this.units = {}
    this.pool = null
    this.columns = new Map()
    this.tries = 0
    this.arrived = () => {}
  }

  /** Take what the project says of its columns. */
  take({pool, units}) {
    this.pool = pool ?? null
    this.units = units ?? {}
    if (this.wanted) this.need()
  }

  /** Fetch how the columns are spread, where that was not done yet. */
  need() {
    this.wanted = true
    if (!this.pool || this.asking || this.columns.size || this.tries >= FACTS_TRIES) return
    this.asking = true
    this.tries += 1
    setTimeout(() => this._fetch(), FACTS_AFTER_MS)
  }

  of(name) {
    return this.columns.get(name) ?? null
  }

  unit(name) {
    return Object.hasOwn(this.units, name) ? this.units[name] : ""
  }

  async _fetch() {
    const {status, data} = await request(`/api/columns?v=${encodeURIComponent(this.pool)}`, {limit: FACTS_LIMIT_MS, cache: "default"})
    this.asking = false
    if (status !== 200 || !data.columns) return
    this.columns = new Map(Object.entries(data.columns).filter(([, fact]) => fact.kind !== "empty"))
    this.arrived()
  }
}

/** A <dl> of names and values, its rows reused. */
class FactTable {
  constructor(facts, attributes = {}) {
    this.facts = facts
    this.rows = []
    this.node = h("dl.table", attributes)
  }

  fill(pairs) {
    while (this.rows.length > pairs.length) this.rows.pop().node.remove()
    pairs.forEach(([name, value], index) => this._fillRow(this.rows[index] ?? this._addRow(), String(name), value))
  }

  _addRow() {
    const row = {name: h("dt", {dir: "auto"}), value: h("span.value", {dir: "auto"}), unit: h("span.unit"), words: h("span.unseen")}
    row.strip = new Strip()
    row.node = h("div", {}, row.name, h("dd", {}, row.value, row.unit, row.strip.node, row.words))
    this.rows.push(row)
    this.node.append(row.node)
    return row
  }

  _fillRow(row, name, value) {
    const shown = value == null || value === "" ? "–" : sayValue(value)
    const fact = this.facts.of(name)
    setText(row.name, name)
    setText(row.value, shown)
    setText(row.unit, this.facts.unit(name))
    row.node.classList.toggle("number", typeof value === "number" || /^-?\d[\d.]*(e[+-]?\d+)?$/i.test(shown))
    const {at, words} = fact ? placeIn(fact, shown) : {at: null, words: ""}
    row.strip.show(fact, at)
    setText(row.words, words && `, ${words}`)
    row.node.title = [`${name}: ${value ?? "missing"} ${this.facts.unit(name)}`.trim(), words].filter(Boolean).join("\n")
  }
}

/** A small drawing: the bins of a column with a mark, or the share of a category as a bar. */
class Strip {
  constructor() {
    this.bars = document.createElementNS(SVG, "path")
    this.mark = document.createElementNS(SVG, "rect")
    this.node = document.createElementNS(SVG, "svg")
    this.bars.setAttribute("class", "bars")
    this.mark.setAttribute("class", "mark")
    const size = {viewBox: `0 0 ${STRIP_WIDTH_PX} ${STRIP_HEIGHT_PX}`, width: STRIP_WIDTH_PX, height: STRIP_HEIGHT_PX}
    for (const [key, value] of Object.entries({...size, class: "strip", preserveAspectRatio: "none", "aria-hidden": "true"})) this.node.setAttribute(key, value)
    this.node.append(this.bars, this.mark)
    this.node.style.display = "none"
  }

  /** `at` is 0 to 1: a place among numbers, the share of a category; null draws no mark. */
  show(fact, at) {
    if (fact !== this.fact) this._dress(fact)
    if (!fact || at === this.at) return
    this.at = at
    this.mark.style.display = at == null ? "none" : ""
    if (at == null) return
    if (fact.kind === "numeric") this.mark.setAttribute("x", at * (STRIP_WIDTH_PX - MARK_PX))
    else this.mark.setAttribute("width", Math.max(at * STRIP_WIDTH_PX, 1))
  }

  _dress(fact) {
    this.fact = fact
    this.at = undefined
    this.node.style.display = fact ? "" : "none"
    if (!fact) return
    const numeric = fact.kind === "numeric"
    this.node.setAttribute("width", numeric ? STRIP_WIDTH_PX : SHARE_WIDTH_PX)
    this.bars.setAttribute("d", numeric ? binsPath(fact.counts) : `M0 8h${STRIP_WIDTH_PX}v6h-${STRIP_WIDTH_PX}z`)
    const mark = numeric ? {y: 0, width: MARK_PX, height: STRIP_HEIGHT_PX} : {x: 0, y: 8, height: 6}
    for (const [key, value] of Object.entries(mark)) this.mark.setAttribute(key, value)
  }
}

/** The table of an item with the choice of its columns. */
class TablePane {
  constructor(kept, facts) {
    this.kept = kept
    this.facts = facts
    this.hidden = new Set()
    this.table = new FactTable(facts, {tabindex: "0", "aria-label": "Values of the item"})
    this.count = h("span.matches")
    this.seeker = h("input", {type: "search", placeholder: "Find a column", "aria-label": "Find a column", autocomplete: "off", spellcheck: "false"})
    this.seeker.addEventListener("input", () => this._narrow())
    this.list = h("div.choices")
    const all = toolButton("All", "Show all columns", () => this._choose(new Set()))
    const none = toolButton("None", "Show no column", () => this._choose(new Set(this._names())))
    this.fold = new Fold("Columns", "Which columns are shown", [h("div.row", {}, this.seeker, all, none), this.list], {kind: ".columns", opened: () => this._list()})
    const tools = h("div.tools", {role: "group", "aria-label": "How the row is shown"}, this.count, this.fold.button)
    this.node = h("div.reading", {hidden: true}, this.table.node, this.fold.panel, tools)
  }

  /** Take up what was chosen in this project before. */
  load() {
    const stored = this.kept.get("hidden_columns", [])
    this.hidden = new Set(Array.isArray(stored) ? stored : [])
  }

  show(item) {
    const other = this.item !== item
    this.item = item
    this.facts.need()
    this._fill()
    if (other) this.table.node.scrollTop = 0
  }

  move(key) {
    return scrollByKey(this.table.node, key)
  }

  _fill() {
    const fields = this.item?.view.fields ?? []
    const shown = this.hidden.size ? fields.filter(([name]) => !this.hidden.has(name)) : fields
    this.table.fill(shown)
    setText(this.count, shown.length === fields.length ? plural(fields.length, "column") : `${shown.length} of ${plural(fields.length, "column")}`)
  }

  _names() {
    return (this.item?.view.fields ?? []).map(([name]) => name)
  }

  _choose(hidden) {
    this.hidden = hidden
    this.kept.set("hidden_columns", [...hidden])
    this._fill()
    for (const {name, box} of this.choices ?? []) box.checked = !hidden.has(name)
  }

  _list() {
    this.choices = this._names().map((name) => {
      const box = h("input", {type: "checkbox", onchange: () => {
        const hidden = new Set(this.hidden)
        if (box.checked) hidden.delete(name)
        else hidden.add(name)
        this._choose(hidden)
      }})
      box.checked = !this.hidden.has(name)
      return {name, box, node: h("label", {title: name}, box, h("span", {dir: "auto"}, name))}
    })
    this.list.replaceChildren(...this.choices.map((each) => each.node))
    this._narrow()
  }

  _narrow() {
    const words = this.seeker.value.trim().toLowerCase()
    for (const {name, node} of this.choices ?? []) show(node, name.toLowerCase().includes(words))
  }
}

/** Bars of the bins; their roots are drawn, so that a bin with few rows is still seen beside a full one. */
function binsPath(counts) {
  const [most, width] = [Math.max(...counts, 1), STRIP_WIDTH_PX / counts.length]
  return counts.map((count, index) => {
    const height = count ? Math.max(1, Math.sqrt(count / most) * STRIP_HEIGHT_PX) : 0
    return height ? `M${index * width} ${STRIP_HEIGHT_PX}v${-height}h${width}v${height}z` : ""
  }).join("")
}

/** Where a value lies in its column: {at: 0 to 1 or null, words}. */
function placeIn(fact, shown) {
  const missing = fact.missing > 0 ? `missing, as in ${percent(fact.missing)} of the pool` : ""
  if (fact.kind === "categorical") {
    const share = fact.shares.find(([name]) => name === shown)?.[1]
    if (share != null) return {at: share, words: `${percent(share)} of the pool`}
    return {at: null, words: shown === "–" || shown === "—" ? missing : "rare in the pool"}
  }
  const value = fact.date ? Date.parse(shown.includes(":") ? `${shown.replace(" ", "T")}Z` : shown) / 1000 : Number(shown)
  if (!Number.isFinite(value)) return {at: null, words: missing}
  const at = fact.high > fact.low ? Math.min(Math.max((value - fact.low) / (fact.high - fact.low), 0), 1) : 0.5
  return {at, words: rankInWords(fact.percentiles, value)}
}

/** Say a value's rank by the percentiles of its column, 101 of them. */
function rankInWords(percentiles, value) {
  const [least, most] = [percentiles[0], percentiles.at(-1)]
  if (least === most) return value === least ? "the same throughout the pool" : ""
  if (value <= least) return "at the low end of the pool"
  if (value >= most) return "at the high end of the pool"
  const next = percentiles.findIndex((each) => each >= value)
  const step = percentiles[next] - percentiles[next - 1]
  const below = (next - 1 + (step > 0 ? (value - percentiles[next - 1]) / step : 0)) / (percentiles.length - 1)
  return `above ${percent(below)} of the pool`
}

/** Numbers to six significant digits; everything else as it is. The whole value is in the row's title. */
function sayValue(value) {
  const number = typeof value === "number" ? value : Number.NaN
  if (Number.isNaN(number) || Number.isInteger(number)) return String(value)
  return String(Number(number.toPrecision(6)))
}
