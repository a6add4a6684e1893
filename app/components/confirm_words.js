// What the grid says in words: states without a page, and what became of a page.

/** Say why there is no page: {title, detail, button}; null while it is on its way. */
function sayState(state, name) {
  const quoted = name ? `“${name}”` : "this class"
  const states = {
    error: {
      title: "The server does not answer",
      detail: "The next page cannot be fetched at the moment; this page keeps trying. What you confirmed is kept in this browser and will be sent.",
      button: "Try again now",
    },
    waiting: {
      title: "The last page is not saved yet",
      detail: "The server cannot take it at the moment. It is kept in this browser, over a reload too, and sent again by itself; the next page comes after it.",
    },
    no_classes: {title: "No classes yet", detail: "Add classes on the Balance page and label a few items; then pages of likely items appear here."},
    no_model: {
      title: "No model yet",
      detail: "A page shows what the model takes for one class. Label a few items of at least two classes on the Label page; after the next round the first page appears here by itself.",
    },
    unknown_class: {
      title: `The model does not know ${quoted} yet`,
      detail: "It has no label that the last round could learn from. Label an item of it on the Label page, or choose another class.",
    },
    none_likely: {
      title: `No open item is likely ${quoted}`,
      detail: "All that the last round took for it are answered or were taken out. Choose another class, or label on: the next round looks again.",
      button: "Look again",
    },
  }
  return states[state] ?? null
}

/** Say what became of a page that was stored. */
function sayStored({stored, taken}, name) {
  const stay = taken.length === 1 ? "stays as it is" : "stay as they are"
  const kept = taken.length ? ` ${plural(taken.length, "item")} had been answered by somebody else meanwhile and ${stay}.` : ""
  return `${plural(stored, "label")} saved, page of “${name}”.${kept}`
}

/** Say why there are no labels to check: {title, detail, button}; null while they are on their way. */
function sayAuditState(state) {
  const states = {
    no_model: {
      title: "Nothing to check by yet",
      detail: "Labels are checked against models that had not seen them: that takes a round with two labels of two classes or more. After the next one the first page appears here by itself.",
    },
    none_doubted: {
      title: "No label looks wrong",
      detail: "The model takes no label that is still to check for another class. After the next round it looks again.",
      button: "Look again",
    },
    all_checked: {
      title: "Nothing is left to check of these",
      detail: "They were checked, or their labels have changed since the last round.",
    },
  }
  return states[state] ?? sayState(state, "")
}

/** Say what became of labels that were checked. */
function sayChecked({stored, changed, taken}) {
  const stay = taken.length === 1 ? "stays as it is" : "stay as they are"
  const kept = taken.length ? ` ${plural(taken.length, "label")} had been changed meanwhile, or several people agree and a reviewer must decide, and ${stay}.` : ""
  return `${plural(stored - changed, "label")} kept, ${changed} changed, saved.${kept}`
}

/** Make the list of notices: {node, add(text, {bad})}; at most three, the same text once. */
function pageNotices() {
  const node = h("div.notices", {role: "alert"})
  const add = (text, {bad = false} = {}) => {
    for (const old of [...node.children]) if (old.dataset.text === text) old.remove()
    while (node.children.length >= 3) node.firstChild.remove()
    const notice = h("div.notice", {"data-text": text}, h("span", {}, text))
    notice.classList.toggle("bad", bad)
    notice.append(h("button.plain", {type: "button", "aria-label": "Dismiss", onclick: () => notice.remove()}, "×"))
    node.append(notice)
  }
  return {node, add}
}

/** Is the person typing or choosing there? */
function isTypingAt(node) {
  return node instanceof Element && (node.matches("input, textarea, select") || node.isContentEditable)
}
