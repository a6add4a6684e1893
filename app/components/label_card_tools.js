// The line of tools below what is shown of an item, and panels that open over it.

const SCROLL_STEP_PX = 48

/** Make a tool; a sign gets its words as a name. One that was clicked leaves the keys to the classes. */
function toolButton(name, words, run, attributes = {}) {
  return h("button.tool", {type: "button", title: words, "aria-label": name.length === 1 && words, ...attributes, onclick: (event) => {
    run()
    if (event.detail > 0) event.currentTarget.blur()
  }}, name)
}

/** A panel of fields over what is shown, and the button that opens it. */
class Fold {
  /** `opened` is called before the panel is shown. */
  constructor(name, words, children, {kind = "", opened = () => {}} = {}) {
    this.opened = opened
    this.panel = h(`div.fold${kind}`, {hidden: true, role: "group", "aria-label": words}, ...children)
    this.button = toolButton(name, words, () => this.toggle(), {"aria-expanded": "false"})
    // A field that was set by the pointer must not go on holding the keys that label.
    let byPointer = false
    this.panel.addEventListener("pointerdown", () => { byPointer = true })
    this.panel.addEventListener("pointerup", (event) => event.target.type === "range" && event.target.blur())
    this.panel.addEventListener("change", (event) => byPointer && event.target.blur())
    this.panel.addEventListener("keydown", (event) => {
      byPointer = false
      if (event.key !== "Escape") return
      event.stopPropagation()
      this.toggle()
      this.button.focus()
    })
  }

  toggle() {
    if (this.panel.hidden) this.opened()
    show(this.panel, this.panel.hidden)
    this.button.setAttribute("aria-expanded", String(!this.panel.hidden))
  }
}

/** Scroll as a browser does for these keys; false where nothing is left to scroll that way, so that the page scrolls. */
function scrollByKey(node, key) {
  const [page, all] = [node.clientHeight * 0.9, node.scrollHeight]
  const way = {ArrowDown: SCROLL_STEP_PX, ArrowUp: -SCROLL_STEP_PX, PageDown: page, PageUp: -page, Home: -all, End: all}[key]
  const before = node.scrollTop
  node.scrollTop = before + (way ?? 0)
  return node.scrollTop !== before
}
