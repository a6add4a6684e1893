// What the card says in words: states without an item, and notices that can be dismissed.

/** Say what is going on where no item can be shown; null while the first ones are on their way. */
function describeState(card) {
  const waiting = card.outbox?.size ?? 0
  if (card.queue.state === "loading") return null
  if (card.queue.state === "error" || !card.online) {
    const kept = waiting ? ` ${plural(waiting, "label")} wait in this browser and will be sent.` : ""
    return {
      title: "The server does not answer",
      detail: `Items cannot be fetched at the moment; this page keeps trying.${kept}`,
      button: "Try again now",
      onclick: () => card.queue.refill(),
    }
  }
  if (card.queue.nothingLeft) return {title: "Nothing left to label", detail: "Every item that can be shown has an answer. Have a look at the balance, or export the labels."}
  if (card.queue.round === 0) return {title: "The first items are being chosen", detail: "The first round is on its way; items appear here by themselves."}
  return {
    title: "All proposed items are labelled",
    detail: "The next round is on its way; new items appear here by themselves.",
  }
}

/** Say beside the item how what was pressed is kept. */
function saySaving(card, late) {
  const {state, text} = describeSaving(card, late)
  if (card.status.dataset.state !== state) card.status.dataset.state = state
  setText(card.status, text)
}

/** Return how what was pressed is kept: {state: "late" | "saving" | "saved", text}. */
function describeSaving(card, late) {
  const size = card.outbox?.size ?? 0
  if (late) {
    const why = card.outbox.trouble || "waiting for the server"
    return {state: "late", text: `${size} not saved yet – ${why}${card.outbox.memoryOnly ? " (keep this page open)" : ""}`}
  }
  if (size === 0 && !card.online) return {state: "late", text: "The server does not answer"}
  return size ? {state: "saving", text: "Saving…"} : {state: "saved", text: card.saved ? "Saved" : ""}
}

/** Make the list of notices: {node, add(text, {bad, button, onclick})}. At most three, the same text once. */
function makeNotices() {
  const node = h("div.notices", {role: "alert"})
  const add = (text, {bad = false, button, onclick} = {}) => {
    for (const old of [...node.children]) if (old.dataset.text === text) old.remove()
    while (node.children.length >= 3) node.firstChild.remove()
    const notice = h("div.notice", {"data-text": text}, h("span", {}, text))
    notice.classList.toggle("bad", bad)
    if (button) notice.append(h("button.plain", {type: "button", onclick}, button))
    notice.append(h("button.plain.dismiss", {type: "button", "aria-label": "Dismiss", onclick: () => notice.remove()}, "×"))
    node.append(notice)
  }
  return {node, add}
}
