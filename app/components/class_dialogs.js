// What is asked before classes are merged or one with labels is archived; notices that say what was done.

/** Make the list of notices: {node, add(text, {bad, button, onclick})}; at most three. */
function rowNotices() {
  const node = h("div.notices", {role: "status", "aria-live": "polite"})
  const add = (text, {bad = false, button = "", onclick} = {}) => {
    while (node.children.length >= 3) node.firstChild.remove()
    const sentence = text.charAt(0).toUpperCase() + text.slice(1)
    const notice = h("div.notice", {role: bad ? "alert" : null}, h("span", {}, sentence))
    notice.classList.toggle("bad", bad)
    if (button) notice.append(h("button.plain", {type: "button", onclick: () => { notice.remove(); onclick() }}, button))
    notice.append(h("button.plain", {type: "button", "aria-label": "Dismiss", onclick: () => notice.remove()}, "×"))
    node.append(notice)
  }
  return {node, add}
}

/** Make the dialog that asks which class to merge into: {node, ask(each)}; `done(each, text)` answers "" or an error. */
function mergeDialog(done) {
  const title = h("h3")
  const what = h("p")
  const field = h("input", {type: "text", list: "class-paths", autocomplete: "off", spellcheck: "false", "aria-label": "Merge into"})
  const error = h("p.error", {role: "alert", hidden: true})
  const go = h("button.primary", {type: "submit"}, "Merge")
  const cancel = h("button.plain", {type: "button", onclick: () => node.close()}, "Cancel")
  let asked = null
  const submit = async (event) => {
    event.preventDefault()
    go.disabled = true
    const problem = await done(asked, field.value)
    go.disabled = false
    show(error, problem !== "")
    setText(error, problem)
    if (!problem) node.close()
  }
  const form = h("form", {onsubmit: submit}, title, what, h("label", {}, h("span", {}, "Into"), field), error, h("div.buttons", {}, go, cancel))
  const node = h("dialog", {"aria-label": "Merge a class"}, form)
  return {node, ask: (each) => {
    asked = each
    field.value = ""
    show(error, false)
    setText(title, `Merge “${shorten(each.name)}” into another class`)
    setText(what, `Its ${plural(each.count, "label")} become labels of the other class, by one act that Undo takes back. “${shorten(each.name)}” is archived.`)
    node.showModal()
    field.focus()
  }}
}

/** Make the dialog before a class with labels is archived: {node, ask(each)}. */
function archiveDialog({archive, merge}) {
  let asked = null
  const title = h("h3")
  const what = h("p")
  const act = (run) => () => {
    node.close()
    run(asked)
  }
  const yes = h("button.primary", {type: "button", onclick: act(archive)}, "Archive")
  const instead = h("button.plain", {type: "button", onclick: act(merge)}, "Merge it instead")
  const cancel = h("button.plain", {type: "button", onclick: () => node.close()}, "Cancel")
  const node = h("dialog", {"aria-label": "Archive a class"}, title, what, h("div.buttons", {}, yes, instead, cancel))
  return {node, ask: (each) => {
    asked = each
    setText(title, `Archive “${shorten(each.name)}”?`)
    setText(what, `${plural(each.count, "item")} labelled so keep the label, but the model does not learn from it any more and no new label can have it. It can be restored.`)
    node.showModal()
  }}
}

/** Shorten a name for a sentence; the row shows it whole. */
function shorten(name) {
  return name.length > 60 ? `${name.slice(0, 59)}…` : name
}
