// The item on the card: why it was chosen, the item itself (image, text, table, vector, unreadable), the suggestion.
// Nodes are made once and updated in place.

const KINDS = {
  discover: {name: "Discover", hint: "from a region no label explains yet", paths: ["M8 1.5a6.5 6.5 0 1 0 0 13a6.5 6.5 0 0 0 0-13z", "M10.8 5.2L9.2 9.2L5.2 10.8L6.8 6.8z"]},
  balance: {name: "Balance", hint: "a likely member of a class that lacks labels", paths: ["M8 2v12M4.5 14h7M3 4.5h10", "M3 4.5L1.2 9h3.6zM13 4.5L11.2 9h3.6z"]},
  refine: {name: "Refine", hint: "on the boundary between classes", paths: ["M8 1v4M8 11v4M1 8h4M11 8h4", "M8 6.6a1.4 1.4 0 1 0 0 2.8a1.4 1.4 0 0 0 0-2.8z"]},
}
const MOVES = new Set(["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "PageUp", "PageDown", "Home", "End"])

class ItemPane {
  /** `accept` is called when the person clicks the suggestion; `status` is the node that says what is saved. */
  constructor(accept, status) {
    this.classes = new Map()
    this.chip = h("span.kind", {hidden: true})
    this.sentence = h("p.reason")
    const why = h("div.why", {}, h("div.line", {}, this.chip, status), this.sentence)
    this.kept = new Kept()
    this.look = new Look(this.kept)
    this.image = new ImagePane(this.look, this.kept)
    this.figure = this.image.node
    this.reading = new TextPane(this.kept)
    this.text = this.reading.node
    this.facts = new ColumnFacts()
    this.facts.arrived = () => this.shown && this._fillTables(this.shown)
    this.row = new TablePane(this.kept, this.facts)
    this.table = this.row.node
    this.table.classList.add("row")
    this.series = new SeriesPane()
    this.note = h("div.note", {hidden: true})
    this.skeleton = h("div.skeleton", {role: "img", "aria-label": "Loading the next item"}, h("i"), h("i"), h("i"))
    this.message = h("div.message", {hidden: true, role: "status"})
    this.area = h("div.area", {}, this.skeleton, this.figure, this.text, this.table, this.series.node, this.note, this.message)
    this.small = h("p.small")
    this.extra = new FactTable(this.facts)
    this.more = h("details.more", {hidden: true, ontoggle: () => this.shown && this._fillTables(this.shown)}, h("summary", {}, "More about this item"), this.extra.node)
    this.suggestion = this._makeSuggestion(accept)
    this.cutouts = new CutoutPane()
    this.links = h("p.links", {hidden: true})
    this.node = h("div.stage", {}, why, this.area, this.suggestion.node, this.small, this.cutouts.node, this.links, this.more)
  }

  /** Take up what was chosen in this project before; `refetch` has the pictures of all items made anew. */
  async open(project, refetch) {
    const redraw = () => {
      refetch()
      if (this.shown) this.showItem(this.shown)
    }
    this.kept.open(project)
    this.image.load()
    this.image.redraw = redraw
    this.reading.load()
    this.row.load()
    const {status, data} = await request("/api/views")
    if (status !== 200) return
    this.facts.take(data)
    if (this.shown) this._fillTables(this.shown)
    if (!data.deep) return
    const before = this.look.address("")
    this.look.deep = true
    this.image.load()
    if (this.look.address("") !== before) redraw()
  }

  /** What a key that no class can have does to what is shown; returns whether it did anything. */
  move(key) {
    if (!this.figure.hidden) return this.image.move(key)
    if (!this.text.hidden) return this.reading.move(key)
    if (!this.table.hidden) return this.row.move(key)
    return !this.series.node.hidden && this.series.move(key)
  }

  /** Show an item; resolves when its pixels are ready to be painted. */
  showItem(item) {
    this.shown = item
    this._showReason(item)
    this._showSuggestion(item)
    this._fillTables(item)
    this._showLinks(item.links ?? [])
    this.cutouts.show(item.cutouts ?? [])
    const view = item.view ?? {type: "vector"}
    this._panes(view.type)
    const pictured = picture(item, this.look)
    if (view.type === "table") return this._showBeside(item, pictured)
    if (view.type === "image" && pictured) {
      return this.image.show(item.key, pictured).then((good) => good || this.shown !== item || this._missing(item, "image"))
    }
    if (view.type === "series" && view.series) return this._showSeries(item)
    if (view.type === "text") this.reading.show(item)
    else this._showNote(view)
    return Promise.resolve()
  }

  /** What a row of a table has beside it: an image or a series; the row is shown without waiting for either. */
  _showBeside(item, pictured) {
    const view = item.view
    const beside = (node, there) => {
      show(node, there)
      this.area.classList.toggle("beside", !this.figure.hidden || !this.series.node.hidden)
    }
    const shown = (node) => (good) => good || this.shown !== item || beside(node, false)
    beside(this.figure, Boolean(pictured))
    beside(this.series.node, Boolean(view.series))
    if (pictured) this.image.show(item.key, pictured).then(shown(this.figure))
    if (view.series) this.series.show(seriesOf(item)).then(shown(this.series.node))
    return Promise.resolve()
  }

  /** The values of an item, and what else is known of it, which the model never sees. */
  _fillTables(item) {
    const fields = item.view?.fields ?? []
    const isTable = item.view?.type === "table"
    const extra = [...(item.extra ?? []), ...(isTable ? [] : fields)]
    if (isTable) this.row.show(item)
    show(this.more, extra.length > 0)
    // Closed, it costs the next item nothing.
    if (!extra.length || !this.more.open) return
    this.facts.need()
    this.extra.fill(extra)
  }

  /** Links to look the item up elsewhere; only a click follows one, and the page there learns nothing of this one. */
  _showLinks(links) {
    const shown = links.filter(({url}) => /^https?:\/\//i.test(url))
    show(this.links, shown.length > 0)
    while (this.links.children.length > shown.length) this.links.lastChild.remove()
    shown.forEach(({name, url}, index) => {
      const link = this.links.children[index] ?? this.links.appendChild(h("a", {target: "_blank", rel: "noopener noreferrer", onclick: (event) => event.detail > 0 && event.currentTarget.blur()}))
      link.href = url
      link.title = `${url}\nopens in a new tab`
      setText(link, `Look up in ${name} ↗`)
    })
  }

  /** Show a state instead of an item: {title, detail, button, onclick}; null means that items are on their way. */
  showState(state) {
    this.shown = null
    this._panes(state ? "state" : "loading")
    show(this.chip, false)
    setText(this.sentence, "")
    show(this.suggestion.node, false)
    show(this.small, false)
    show(this.links, false)
    this.cutouts.show([])
    show(this.more, false)
    if (!state) return
    const button = state.button && h("button.plain", {type: "button", onclick: state.onclick}, state.button)
    this.message.replaceChildren(h("h2", {}, state.title), h("p", {}, state.detail), button ?? "")
  }

  _panes(type) {
    show(this.skeleton, type === "loading")
    show(this.message, type === "state")
    show(this.figure, type === "image")
    show(this.text, type === "text")
    show(this.table, type === "table")
    this.area.classList.remove("beside")
    show(this.series.node, type === "series")
    show(this.note, !["loading", "state", "image", "text", "table", "series"].includes(type))
  }

  _showReason(item) {
    show(this.small, true)
    const kind = KINDS[item.kind]
    show(this.chip, kind != null)
    if (kind && this.chip.dataset.kind !== item.kind) {
      this.chip.dataset.kind = item.kind
      this.chip.title = kind.hint
      this.chip.replaceChildren(icon(kind.paths), kind.name)
    }
    setText(this.sentence, item.reason ?? "")
    const origin = [item.round ? `round ${item.round}` : "", item.strategy ?? ""].filter(Boolean).join(", ")
    setText(this.small, `Item ${item.key}${origin ? ` · ${origin}` : ""}`)
  }

  _showSeries(item) {
    return this.series.show(seriesOf(item)).then((good) => good || this.shown !== item || this._missing(item, "series"))
  }

  /** Say that the image or the series did not come. */
  _missing(item, what) {
    this._panes("note")
    const retry = () => {
      item.picture = item.series = null
      this.showItem(item)
    }
    this.note.replaceChildren(
      h("h2", {}, `The ${what} could not be loaded`),
      h("p", {}, `The server did not answer with ${what === "image" ? "a picture" : "its numbers"}. Try again, or skip this item with S.`),
      h("button.plain", {type: "button", onclick: retry}, "Try again"),
    )
  }

  _showNote(view) {
    const unreadable = view.type === "unreadable"
    const title = unreadable ? "This item cannot be read" : "This item has no picture or text"
    const detail = unreadable
      ? `${view.problem || "Its content is damaged."} Press S to skip it.`
      : "It is known by its vector alone. Use its key, its place on the map and the suggestion below."
    this.note.replaceChildren(h("h2", {}, title), h("p", {}, detail))
    this.note.classList.toggle("bad", unreadable)
  }

  _makeSuggestion(accept) {
    const parts = {
      name: h("strong"), chip: h("i.chip"), bar: h("i"), share: h("span.share"), other: h("span.other"),
    }
    parts.node = h(
      "button.suggestion", {type: "button", hidden: true, onclick: accept},
      h("span.looks", {}, "Looks like"), parts.chip, parts.name, h("span.bar", {"aria-hidden": "true"}, parts.bar),
      parts.share, parts.other, h("kbd", {}, "Enter"),
    )
    return parts
  }

  _showSuggestion(item) {
    const best = item.suggestion && this.classes.get(item.suggestion.class_id)
    const parts = this.suggestion
    show(parts.node, best != null)
    if (!best) return
    setText(parts.name, best.name)
    parts.chip.style.background = best.colour
    const share = item.suggestion.probability
    parts.bar.style.transform = `scaleX(${share ?? 0})`
    setText(parts.share, share == null ? "" : percent(share))
    const second = item.runner_up && this.classes.get(item.runner_up.class_id)
    const odds = item.runner_up?.probability
    setText(parts.other, second ? `then ${second.name}${odds == null ? "" : ` (${percent(odds)})`}` : "")
  }
}
