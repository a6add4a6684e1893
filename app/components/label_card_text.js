// The text of an item: words to highlight, a count of them and a way from one to the next; a long text comes in full when
// asked for. Text and words are set as text, never as markup.

const MARKS_MOST = 2000
const WORDS_MOST = 50
const WORDS_LIST_ID = "goldpan-sought"

class TextPane {
  constructor(kept) {
    this.kept = kept
    this.marks = []
    this.pattern = null
    this.body = h("div.text", {tabindex: "0", role: "region", "aria-label": "Text of the item", dir: "auto"})
    this.field = h("input.highlight", {type: "search", placeholder: "Highlight words", "aria-label": "Words to highlight; a phrase in quotes", autocomplete: "off", spellcheck: "false", dir: "auto", list: WORDS_LIST_ID})
    this.sought = h("datalist", {id: WORDS_LIST_ID})
    this.count = h("span.matches", {"aria-live": "off"})
    this.back = toolButton("↑", "Match before", () => this._step(-1), {hidden: true})
    this.next = toolButton("↓", "Next match", () => this._step(1), {hidden: true})
    this.whole = h("button.plain.whole", {type: "button", hidden: true, onclick: () => this._fetchWhole()})
    const tools = h("div.tools", {role: "group", "aria-label": "How the text is shown"}, this.field, this.sought, this.count, this.back, this.next)
    this.node = h("div.reading", {hidden: true}, this.body, this.whole, tools)
    this.field.addEventListener("input", () => this._change())
    this.field.addEventListener("focus", () => this._offerSought())
    this.field.addEventListener("keydown", (event) => {
      if (event.isComposing || (event.key !== "Enter" && event.key !== "Escape")) return
      event.preventDefault()
      event.stopPropagation()
      this.field.blur()
    })
  }

  /** Take up what was chosen in this project before. */
  load() {
    this.field.value = String(this.kept.get("highlight", ""))
    this._seek()
  }

  show(item) {
    const other = this.item !== item
    this.item = item
    this._draw()
    if (!other) return
    this.body.scrollTop = 0
    this._offerWhole(item.view.text_length)
  }

  move(key) {
    return scrollByKey(this.body, key)
  }

  _change() {
    this.kept.set("highlight", this.field.value)
    this._seek()
  }

  _seek() {
    const words = highlightWords(this.field.value)
    this.pattern = words.length ? new RegExp(words.map(escapePattern).join("|"), "giu") : null
    this._draw()
  }

  _draw() {
    const text = this.item?.view.text ?? ""
    this.at = -1
    const {nodes, marks, count} = this.pattern ? markText(text, this.pattern) : {nodes: null, marks: [], count: 0}
    if (nodes) this.body.replaceChildren(...nodes)
    else if (this.marks.length) this.body.textContent = text
    else setText(this.body, text)
    this.marks = marks
    setText(this.count, this.pattern ? plural(count, "match", "matches") : "")
    for (const button of [this.back, this.next]) show(button, count > 0)
  }

  _step(way) {
    this.marks[this.at]?.classList.remove("at")
    this.at = this.at < 0 && way < 0 ? this.marks.length - 1 : (this.at + way + this.marks.length) % this.marks.length
    const mark = this.marks[this.at]
    mark.classList.add("at")
    this.body.scrollTop = mark.offsetTop - this.body.clientHeight / 3
    setText(this.count, `${this.at + 1} of ${this.marks.length}`)
  }

  _offerWhole(length) {
    show(this.whole, length != null)
    this.whole.disabled = false
    if (length != null) setText(this.whole, `The text goes on. Show all ${length.toLocaleString("en")} characters`)
  }

  async _fetchWhole() {
    const item = this.item
    this.whole.disabled = true
    const {status, data} = await request(`/api/text/${item.row}`, {limit: 60000})
    const good = status === 200 && typeof data.text === "string"
    if (good) item.view = {...item.view, text: data.text, text_length: null}
    if (this.item !== item) return
    const top = this.body.scrollTop
    if (good) this._draw()
    this.body.scrollTop = top
    this._offerWhole(item.view.text_length)
    if (!good) setText(this.whole, "The rest of the text could not be fetched. Try again")
  }

  /** Offer the words that are sought in this project. */
  async _offerSought() {
    const {status, data} = await request("/api/seeks")
    if (status !== 200 || !Array.isArray(data.seeks)) return
    const words = data.seeks.filter((each) => each.kind === "words" && !each.withdrawn_at).map((each) => each.text)
    this.sought.replaceChildren(...[...new Set(words)].map((value) => h("option", {value})))
  }
}

/** Words as typed: apart by spaces or commas, a phrase in quotes. */
function highlightWords(typed) {
  const found = [...typed.matchAll(/"([^"]+)"|([^\s,;"]+)/gu)].map(([, phrase, word]) => (phrase ?? word).trim())
  return [...new Set(found.filter(Boolean))].sort((one, other) => other.length - one.length).slice(0, WORDS_MOST)
}

function escapePattern(words) {
  return words.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&")
}

/** Cut a text at its matches: {nodes, marks, count}; of very many matches the first are marked and all are counted. */
function markText(text, pattern) {
  const nodes = []
  const marks = []
  let [count, end] = [0, 0]
  for (const match of text.matchAll(pattern)) {
    count += 1
    if (marks.length === MARKS_MOST) continue
    const mark = h("mark", {}, match[0])
    nodes.push(text.slice(end, match.index), mark)
    marks.push(mark)
    end = match.index + match[0].length
  }
  nodes.push(text.slice(end))
  return {nodes, marks, count}
}
