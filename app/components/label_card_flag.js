// Flag an item with a comment: something is wrong with it, and somebody should look.

const COMMENT_MAX = 2000

/** Make the dialog: {node, open, ask(key), close()}. `flag(comment)` is called when it is sent. */
function makeFlagDialog(flag) {
  const field = h("textarea", {rows: "4", maxlength: COMMENT_MAX, "aria-label": "What is wrong with this item", placeholder: "What is wrong? May stay empty."})
  const which = h("p.quiet", {})
  const send = h("button.primary", {type: "submit"}, "Flag it", h("kbd", {}, "Enter"))
  const cancel = h("button.plain", {type: "button", onclick: () => node.close()}, "Cancel")
  const form = h("form", {method: "dialog"}, h("h2", {}, "Flag this item"), which, field, h("div.row", {}, send, cancel))
  const node = h("dialog.keys.flag", {"aria-label": "Flag this item"}, form)
  const done = (event) => {
    event.preventDefault()
    node.close()
    flag(field.value.trim())
  }
  form.addEventListener("submit", done)
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) done(event)
  })
  node.addEventListener("click", (event) => event.target === node && node.close())
  // Escape closes it; the next key is the card's at once, not the field's until the browser has drawn.
  node.addEventListener("cancel", () => field.blur())
  return {
    node,
    get open() { return node.open },
    close: () => node.open && node.close(),
    ask: (key) => {
      field.value = ""
      setText(which, `Item ${key} stays without a label; the comment is stored with it.`)
      node.showModal()
      field.focus()
    },
  }
}
