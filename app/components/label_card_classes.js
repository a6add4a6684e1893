// The classes: a button each with key, colour, name and running count, under their parents; a filter when there are many; a form to name
// the first ones; a field to add one at any time.

const FILTER_ABOVE = 20
const RESERVED_KEYS = new Set(["s", "u", "f", "/", "?"])
const DIGITS = "1234567890"

class ClassPanel {
  /** `on` holds pick(classId) and add(names): Promise of {error, left}, left being the names not added. */
  constructor(on, palette) {
    this.on = on
    this.palette = palette
    this.classes = []
    this.byKey = new Map()
    this.buttons = new Map()
    this.counts = new Map()
    this.title = h("h2", {}, "Classes")
    this.plus = h("button.plus", {type: "button", onclick: () => this._toggleAdd()}, "+ class")
    this.filter = h("input.filter", {type: "search", placeholder: "Find a class", "aria-label": "Find a class", hidden: true, autocomplete: "off", spellcheck: "false"})
    this.slash = h("kbd.slash", {hidden: true}, "/")
    this.list = h("div.list", {role: "group", "aria-label": "Classes"})
    this.nothing = h("p.nothing", {hidden: true}, "No class of that name.")
    this.addForm = this._makeForm(h("input", {type: "text", placeholder: "Name of the new class", "aria-label": "Name of the new class", autocomplete: "off"}), "Add")
    this.addForm.node.classList.add("inline")
    show(this.addForm.node, false)
    this.first = this._makeFirst()
    this.noneYet = h("p.nothing", {hidden: true}, "There is no class yet. A reviewer or an admin of the project names the first ones.")
    this.adding = true
    this.node = h("div.classes", {}, h("div.head", {}, this.title, this.plus), this.addForm.node,
      h("div.find", {}, this.filter, this.slash), this.list, this.nothing, this.noneYet, this.first)
    this.filter.addEventListener("input", () => this._narrow())
    this.filter.addEventListener("keydown", (event) => this._filterKey(event))
  }

  /** Take a new list of classes; positions decide the digits, `key` a letter. */
  setClasses(classes) {
    this.classes = classes.map((each, index) => ({
      ...each,
      colour: /^#[0-9a-f]{6}$/i.test(each.colour ?? "") ? each.colour : this.palette[index % this.palette.length],
    }))
    this._assignKeys()
    const old = this.buttons
    this.buttons = new Map()
    for (const each of this.classes) this.buttons.set(each.id, old.get(each.id) ?? this._makeButton(each.id))
    for (const each of this.classes) this._dress(each)
    this.list.replaceChildren(...[...this.buttons.values()].map((parts) => parts.node))
    const many = this.classes.length > FILTER_ABOVE
    this.node.toggleAttribute("data-tree", this.classes.some((each) => each.depth))
    this.node.dataset.size = this.classes.length <= 6 ? "few" : many ? "many" : "some"
    show(this.first, this.classes.length === 0 && this.adding)
    show(this.noneYet, this.classes.length === 0 && !this.adding)
    show(this.filter, many)
    show(this.slash, many)
    show(this.plus, this.classes.length > 0 && this.adding)
    show(this.title, this.classes.length > 0)
    this._narrow()
    this._showCounts()
  }

  /** Say whether the person may add classes. */
  allowAdding(allowed) {
    this.adding = allowed
  }

  find(id) {
    return this.classes.find((each) => each.id === id) ?? null
  }

  /** Class for a key as typed, or null. */
  keyed(key) {
    return this.byKey.get(key.toLowerCase()) ?? null
  }

  setCounts(counts) {
    this.counts = new Map(Object.entries(counts).map(([id, count]) => [Number(id), count]))
    this._showCounts()
  }

  bump(id, by) {
    if (id == null) return
    this.counts.set(id, Math.max(0, (this.counts.get(id) ?? 0) + by))
    this._showCounts()
  }

  suggest(id) {
    if (this.suggested === id) return
    this.buttons.get(this.suggested)?.node.classList.remove("suggested")
    this.buttons.get(id)?.node.classList.add("suggested")
    this.suggested = id
  }

  /** Flash the button in its colour; works on the compositor, nothing is laid out. */
  press(id) {
    const node = this.buttons.get(id)?.node
    if (!node) return
    clearTimeout(node.flash)
    node.classList.add("pressed")
    node.flash = setTimeout(() => node.classList.remove("pressed"), 160)
  }

  focusFilter() {
    if (this.filter.hidden) return false
    this.filter.focus()
    this.filter.select()
    return true
  }

  _assignKeys() {
    this.byKey.clear()
    const own = (each) => (each.key && each.key.length === 1 ? each.key.toLowerCase() : "")
    for (const each of this.classes) {
      each.shortcut = ""
      const key = own(each)
      if (!key || RESERVED_KEYS.has(key) || this.byKey.has(key)) continue
      this.byKey.set(key, each)
      each.shortcut = key
    }
    this.classes.slice(0, DIGITS.length).forEach((each, index) => {
      const digit = DIGITS[index]
      if (each.shortcut || this.byKey.has(digit)) return
      this.byKey.set(digit, each)
      each.shortcut = digit
    })
  }

  _makeButton(id) {
    const parts = {kbd: h("kbd"), above: h("span.above"), name: h("span.name", {dir: "auto"}), count: h("span.count")}
    const click = (event) => {
      this.on.pick(id)
      if (event.detail > 0) parts.node.blur()
    }
    parts.node = h("button.class", {type: "button", onclick: click}, parts.kbd, h("i.chip"), parts.above, parts.name, parts.count)
    return parts
  }

  _dress(each) {
    const parts = this.buttons.get(each.id)
    parts.node.style.setProperty("--c", each.colour)
    const path = each.path || each.name
    parts.node.title = each.description ? `${path}: ${each.description}` : path
    parts.node.style.setProperty("--depth", Math.min(each.depth ?? 0, 6))
    setText(parts.above, each.depth ? path.slice(0, path.length - each.name.length) : "")
    parts.node.dataset.class = each.id
    setText(parts.name, each.name)
    setText(parts.kbd, each.shortcut.toUpperCase())
    parts.kbd.classList.toggle("none", !each.shortcut)
    parts.node.classList.toggle("suggested", each.id === this.suggested)
  }

  _showCounts() {
    for (const [id, parts] of this.buttons) {
      const count = this.counts.get(id) ?? 0
      setText(parts.count, String(count))
      parts.count.classList.toggle("zero", count === 0)
    }
  }

  _narrow() {
    const words = this.filter.hidden ? "" : this.filter.value.trim().toLowerCase()
    this.matches = this.classes.filter((each) => (each.path || each.name).toLowerCase().includes(words))
    const keep = new Set(this.matches.map((each) => each.id))
    for (const [id, parts] of this.buttons) {
      show(parts.node, keep.has(id))
      parts.node.classList.remove("chosen")
    }
    this.node.classList.toggle("narrowed", words !== "")
    this.chosen = 0
    if (words) this._markChosen(true)
    show(this.nothing, this.classes.length > 0 && this.matches.length === 0)
  }

  _markChosen(on) {
    const node = this.buttons.get(this.matches[this.chosen]?.id)?.node
    node?.classList.toggle("chosen", on)
    if (on) node?.scrollIntoView({block: "nearest"})
  }

  _filterKey(event) {
    if (event.isComposing) return
    if (event.key === "Enter" && this.matches.length && this.filter.value.trim()) {
      this.on.pick(this.matches[this.chosen].id)
      this._leaveFilter(event)
    } else if (event.key === "Escape") this._leaveFilter(event)
    else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && this.matches.length) {
      this._markChosen(false)
      const step = event.key === "ArrowDown" ? 1 : this.matches.length - 1
      this.chosen = (this.chosen + step) % this.matches.length
      this._markChosen(true)
      event.preventDefault()
    }
  }

  _leaveFilter(event) {
    event.preventDefault()
    event.stopPropagation()
    this.filter.value = ""
    this._narrow()
    this.filter.blur()
  }

  _makeForm(field, label) {
    const error = h("p.error", {role: "alert", hidden: true})
    const button = h("button.primary", {type: "submit"}, label)
    const say = (problem) => {
      show(error, problem !== "")
      setText(error, problem)
    }
    const submit = async (event) => {
      event.preventDefault()
      const names = [...new Set(field.value.split(/[,;\n]/).map((name) => name.trim()).filter(Boolean))]
      if (!names.length) return field.focus()
      button.disabled = true
      const {error: problem, left} = await this.on.add(names)
      button.disabled = false
      field.value = ""
      field.blur()
      say("")
      show(this.addForm.node, false)
      if (!problem) return
      // Once there is one class, the first form is gone; the field that stays takes over.
      const taking = this.classes.length ? this.addForm : this.firstForm
      show(this.addForm.node, taking === this.addForm)
      taking.field.value = left.join(", ")
      taking.say(problem)
      taking.field.focus()
    }
    return {field, say, node: h("form.form", {onsubmit: submit, autocomplete: "off"}, field, button, error)}
  }

  _makeFirst() {
    const field = h("textarea", {rows: "4", placeholder: "For example: star, galaxy, quasar", "aria-label": "Names of the classes, separated by commas or new lines", spellcheck: "false"})
    const form = (this.firstForm = this._makeForm(field, "Start labelling"))
    field.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.node.requestSubmit()
    })
    return h("div.first", {hidden: true}, h("h2", {}, "What classes are you looking for?"),
      h("p", {}, "Type their names, separated by commas or new lines. You can add more at any time."), form.node)
  }

  _toggleAdd() {
    const open = this.addForm.node.hidden
    show(this.addForm.node, open)
    if (open) this.addForm.field.focus()
  }
}
