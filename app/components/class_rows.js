// The classes of the Balance page: a row each, with a filter, pages of rows, a field to add one, and the archived ones.
// Bundled by class_rows.py; ROWS holds {css, theme}.

const ON_A_PAGE = 50
const LATER_MS = 600

class ClassRows {
  constructor(model) {
    this.model = model
    this.news = new News(model)
    this.classes = []
    this.archived = []
    this.rows = new Map()
    this.at = 0
    this.chosen = model.chosen_id
    this.notices = rowNotices()
    this.on = {
      locked: model.may_change === false,
      change: (row, values) => this._change(row.each, values),
      choose: (row) => this._choose(row.each.id),
      move: (row, step) => this._change(row.each, {place: this._siblings(row.each).findIndex((each) => each.id === row.each.id) + step}),
      merge: (row) => this.merging.ask(row.each),
      archive: (row) => (row.each.count ? this.archiving.ask(row.each) : this._archive(row.each)),
      find: (text) => this._find(text),
      problem: (text) => this.notices.add(text, {bad: true}),
    }
    this.merging = mergeDialog((each, text) => this._merge(each, text))
    this.archiving = archiveDialog({archive: (each) => this._archive(each), merge: (each) => this.merging.ask(each)})
    this._build()
    for (const name of ["classes_version", "active"]) model.on(name, () => this.read())
    model.on("revision", () => { this.timer ??= setTimeout(() => this.read(), LATER_MS) })
    model.on("chosen_id", () => this._mark(this.model.chosen_id))
    model.on("remove", () => clearTimeout(this.timer))
    this.read()
  }

  /** Read the classes anew, while the page is on show. */
  async read() {
    clearTimeout(this.timer)
    this.timer = null
    if (this.model.active === false) return
    const {status, data} = await request("/api/classes")
    if (status === 200) this._take(data)
    else if (!this.classes.length) this._say("The server does not answer. The classes appear as soon as it does.")
    if (status !== 200) this.timer = setTimeout(() => this.read(), 3000)
  }

  _build() {
    const text = (label, attributes = {}) => h("input", {type: "text", "aria-label": label, placeholder: label, autocomplete: "off", spellcheck: "false", ...attributes})
    this.name = text("New class", {maxlength: 200})
    this.parent = text("Parent of the new class", {list: "class-paths", placeholder: "under no other"})
    const submit = (event) => {
      event.preventDefault()
      this._add()
    }
    const add = h("form.add", {onsubmit: submit, hidden: this.model.may_add === false}, this.name, this.parent, h("button.primary", {type: "submit"}, "Add class"))
    this.filter = h("input", {type: "search", "aria-label": "Find a class in the list", placeholder: "Find a class", hidden: true, oninput: () => { this.at = 0; this._draw() }})
    this.paths = h("datalist", {id: "class-paths"})
    this.body = h("tbody")
    const heads = ["Colour", "Key", "Name", "Parent", "Target", "Labels"].map((name) => h("th", {scope: "col"}, name))
    this.table = h("table", {"aria-label": "Classes"}, h("thead", {}, h("tr", {}, ...heads, h("th", {scope: "col"}, h("span.unseen", {}, "Actions")))), this.body)
    this.message = h("p.message", {role: "status", hidden: true})
    const turn = (label, step) => h("button.plain", {type: "button", onclick: () => { this.at += step; this._draw() }}, label)
    this.before = turn("Earlier", -ON_A_PAGE)
    this.after = turn("Later", ON_A_PAGE)
    this.where = h("span")
    this.pages = h("div.pages", {hidden: true}, this.before, this.where, this.after)
    this.gone = h("ul")
    this.goneTitle = h("summary")
    this.goneBox = h("details", {hidden: true}, this.goneTitle, this.gone)
    this.node = h("section.rows", {"aria-label": "The classes", lang: "en"}, this.notices.node, h("div.top", {}, add, this.filter), this.message,
      h("div.scroll", {}, this.table), this.pages, this.goneBox, this.paths, this.merging.node, this.archiving.node)
  }

  _take(data) {
    if (!Array.isArray(data.classes)) return
    this.classes = data.classes
    this.archived = data.archived ?? []
    const text = JSON.stringify(this.classes.map((each) => each.path))
    if (text !== this.pathText) {
      this.pathText = text
      this.paths.replaceChildren(...this.classes.map((each) => h("option", {value: each.path})))
    }
    this._draw()
  }

  _draw() {
    const words = this.filter.value.trim().toLowerCase()
    const shown = this.classes.filter((each) => each.path.toLowerCase().includes(words))
    this.at = Math.max(0, Math.min(this.at, Math.floor((shown.length - 1) / ON_A_PAGE) * ON_A_PAGE))
    const page = shown.slice(this.at, this.at + ON_A_PAGE)
    const {shares, kin, paths} = this._survey()
    const rows = new Map()
    for (const each of page) {
      const row = this.rows.get(each.id) ?? new ClassRow(this.on)
      const brothers = kin.get(each.parent_id ?? 0)
      row.dress(each, {
        parentPath: paths.get(each.parent_id) ?? "", share: shares.get(each.id), chosen: each.id === this.chosen,
        first: brothers[0] === each.id, last: brothers.at(-1) === each.id,
      })
      rows.set(each.id, row)
    }
    this.rows = rows
    this._place([...rows.values()].map((row) => row.node))
    show(this.filter, this.classes.length > 12)
    show(this.pages, shown.length > ON_A_PAGE)
    setText(this.where, `${this.at + 1} to ${this.at + page.length} of ${shown.length}`)
    this.before.disabled = this.at === 0
    this.after.disabled = this.at + ON_A_PAGE >= shown.length
    show(this.table, page.length > 0)
    this._say(!this.classes.length ? "No class yet. Name the first one above, or on the Label page." : page.length ? "" : "No class of that name.")
    this._drawArchived()
  }

  /** Put the rows in order; only where it changed, and the field with the focus keeps it. */
  _place(nodes) {
    const same = nodes.length === this.body.children.length && nodes.every((node, index) => node === this.body.children[index])
    if (same) return
    const focused = this.body.getRootNode().activeElement
    this.body.replaceChildren(...nodes)
    if (focused?.isConnected && this.body.contains(focused)) focused.focus()
  }

  _drawArchived() {
    show(this.goneBox, this.archived.length > 0)
    setText(this.goneTitle, `Archived (${this.archived.length})`)
    this.gone.replaceChildren(...this.archived.map((each) => h("li", {},
      h("span", {dir: "auto"}, each.name), h("span.quiet", {}, each.count ? plural(each.count, "label") : "no labels"),
      this.on.locked ? null : h("button.plain", {type: "button", "aria-label": `Restore ${each.name}`, onclick: () => this._restore(each)}, "Restore"))))
  }

  /** Return the wanted share of each class, the children of each parent, and the path of each class. */
  _survey() {
    const given = this.classes.map((each) => each.target).filter((target) => target != null)
    const usual = given.length ? given.reduce((sum, target) => sum + target, 0) / given.length : 1
    const total = this.classes.reduce((sum, each) => sum + (each.target ?? usual), 0)
    const share = (each) => (total > 0 ? percent((each.target ?? usual) / total) : percent(1 / this.classes.length))
    const kin = new Map()
    for (const each of this.classes) kin.set(each.parent_id ?? 0, [...(kin.get(each.parent_id ?? 0) ?? []), each.id])
    return {
      shares: new Map(this.classes.map((each) => [each.id, share(each)])), kin,
      paths: new Map(this.classes.map((each) => [each.id, each.path])),
    }
  }

  _siblings(each) {
    return this.classes.filter((other) => other.parent_id === each.parent_id)
  }

  /** Find a class by its path, or by a name that only one has. */
  _find(text) {
    const wanted = text.trim().toLowerCase()
    const named = this.classes.filter((each) => each.name.toLowerCase() === wanted)
    return this.classes.find((each) => each.path.toLowerCase() === wanted) ?? (named.length === 1 ? named[0] : null)
  }

  /** Work on a class; what there is to do stands at the top of the page. */
  _choose(id) {
    this.news.tell({chosen_id: id})
    this._mark(id)
    const behavior = matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth"
    for (let node = this.node; node; node = node.assignedSlot ?? node.parentElement ?? node.getRootNode().host) {
      if (node.scrollTop > 0) return node.scrollTo({top: 0, behavior})
    }
  }

  _mark(id) {
    this.chosen = id
    this._draw()
  }

  async _send(path, method, body) {
    const {status, data} = await request(path, {method, body, limit: 60000})
    if (status === 200) {
      this._take(data)
      if (data.file_problem) this.notices.add(data.file_problem, {bad: true})
      return {data, error: ""}
    }
    return {data, error: data.error || "The server does not answer. Try again in a moment."}
  }

  /** Store changes of a class; null shows what is stored again. */
  async _change(each, values) {
    if (!values) return this._draw()
    const {error} = await this._send(`/api/classes/${each.id}`, "PATCH", values)
    if (!error) return
    this.notices.add(error, {bad: true})
    await this.read()
  }

  async _add() {
    const name = this.name.value.trim()
    if (!name) return this.name.focus()
    const under = this.parent.value.trim()
    const parent = under ? this._find(under) : null
    if (under && !parent) return this.notices.add(`There is no class “${shorten(under)}”; choose one of the list.`, {bad: true})
    const {error} = await this._send("/api/classes", "POST", {name, parent_id: parent?.id ?? null})
    if (error) return this.notices.add(error, {bad: true})
    if (this.name.value.trim() === name) this.name.value = ""
  }

  async _archive(each) {
    const {error} = await this._send(`/api/classes/${each.id}/archive`, "POST", {})
    if (error) return this.notices.add(error, {bad: true})
    this.notices.add(`“${shorten(each.name)}” is archived.`, {button: "Undo", onclick: () => this._restore(each)})
  }

  async _restore(each) {
    const {error} = await this._send(`/api/classes/${each.id}/restore`, "POST", {})
    if (error) this.notices.add(error, {bad: true})
  }

  async _merge(each, text) {
    const into = this._find(text)
    if (!into) return text.trim() ? `There is no class “${shorten(text)}”; choose one of the list.` : "Choose the class to merge it into."
    const uid = `merge-${makeUid().replaceAll("-", "")}`
    const {data, error} = await this._send(`/api/classes/${each.id}/merge`, "POST", {into: into.id, uid})
    if (error) return error
    const back = data.merged ? () => this._unmerge(uid) : () => this._restore(each)
    const done = `“${shorten(each.name)}” is merged into “${shorten(into.name)}”: ${plural(data.merged, "label")}.`
    this.notices.add(done, {button: "Undo", onclick: back})
    return ""
  }

  async _unmerge(group) {
    const body = {group, undo: `undo-${makeUid().replaceAll("-", "")}`}
    const {status, data} = await request("/api/groups/undo", {method: "POST", body, limit: 60000})
    if (status !== 200) this.notices.add(data.error || "The server does not answer. Try again in a moment.", {bad: true})
    await this.read()
  }

  _say(text) {
    show(this.message, text !== "")
    setText(this.message, text)
  }
}

export function render(drawing) {
  return renderOnce(drawing, ROWS, ClassRows)
}
