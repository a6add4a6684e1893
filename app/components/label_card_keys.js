// Keys of the card: caught on the document, so that no part of the page need be focused; inert wherever a person types.

const MAC = /mac|iphone|ipad/i.test(navigator.platform ?? "")
const UNDO_KEY = MAC ? "⌘Z" : "Ctrl Z"
const REDO_KEY = MAC ? "⇧⌘Z" : "Ctrl Shift Z"

/** Is the person typing or choosing from a list there? The first node of the composed path is the real one, also inside shadow roots. */
function isTyping(node) {
  if (!(node instanceof Element)) return false
  const choosing = "[role=combobox], [role=listbox], [role=option], [role=menuitem], [role=slider]"
  return node.matches(`input, textarea, select, ${choosing}`) || node.isContentEditable
}

/**
 * Listen for keys. `act` holds usable(), label(key): boolean, skip, unsure, flag, undo, redo, accept, filter, overlay,
 * escape, movable(target): boolean, move(key): boolean, and more: what further keys do.
 * Returns a function that stops listening.
 */
function listenForKeys(act) {
  const plain = {
    s: act.skip,
    u: act.unsure,
    f: act.flag,
    "?": act.overlay,
    "/": act.filter,
    Escape: act.escape,
    ...act.more,
  }
  const listener = (event) => {
    const target = event.composedPath()[0]
    if (MOVES.has(event.key)) return move(event, target)
    if (event.repeat || event.isComposing || event.altKey || document.hidden || !act.usable()) return
    if (isTyping(target)) return
    if (event.ctrlKey || event.metaKey) {
      const key = event.key.toLowerCase()
      if (!["z", "y"].includes(key) || (key === "y" && (event.shiftKey || MAC)) || (event.ctrlKey && event.metaKey)) return
      event.preventDefault()
      if (key === "y" || event.shiftKey) act.redo(event.timeStamp)
      else act.undo(event.timeStamp)
      return
    }
    const onButton = target instanceof Element && target.closest("button, a, summary, [role=button]")
    if ((event.key === "Enter" || event.key === " ") && onButton) return
    const digit = /^(?:Digit|Numpad)(\d)$/.exec(event.code)?.[1]
    const used = event.key === "Enter" ? act.accept(event.timeStamp)
      : plain[event.key] ? plain[event.key](event.timeStamp)
      : !event.shiftKey && event.key.length === 1 && pick(event, digit)
    if (used !== false) event.preventDefault()
  }
  // No class can have these keys, and they may repeat; where the focus is in something that scrolls, they are its own.
  const move = (event, target) => {
    if (event.isComposing || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return
    if (document.hidden || !act.usable() || !act.movable(target)) return
    if (act.move(event.key)) event.preventDefault()
  }
  // Keyboards that put signs on the digit row (French) still label by position: the sign first, then the digit.
  const pick = (event, digit) => {
    const known = plain[event.key.toLowerCase()]
    if (known) return known(event.timeStamp)
    return act.label(event.key, event.timeStamp) || (digit != null && act.label(digit, event.timeStamp))
  }
  document.addEventListener("keydown", listener)
  return () => document.removeEventListener("keydown", listener)
}

/** What the keys do on a card; nothing where another page, or a dialog of the card, has the screen. */
function cardActions(card) {
  const usable = () => card._param("active", true) !== false && (card.node.isConnected || !card.closed)
  const covered = () => card.overlay.open || card.flagging.open
  const guard = (run) => (at) => (covered() ? false : run(at))
  return {
    usable,
    label: (key, at) => {
      const found = !covered() && card.panel.keyed(key)
      return found ? card.label(found.id, at) !== null : false
    },
    skip: guard((at) => card.skip(at)),
    unsure: guard((at) => card.unsure(at)),
    flag: guard(() => card.flag()),
    undo: guard((at) => card.undo(at)),
    redo: guard((at) => card.redo(at)),
    accept: guard((at) => card.accept(at)),
    filter: guard(() => card.panel.focusFilter()),
    movable: (target) => target === document.body || target === card.node || target === card.pane.image.port || target === card.pane.series.plot,
    move: (key) => !covered() && card.pane.move(key),
    more: Object.fromEntries(Object.entries(card.moreKeys ?? {}).map(([key, run]) => [key, guard(run)])),
    overlay: () => card.overlay.toggle(),
    escape: () => (card.flagging.open ? card.flagging.close() : card.overlay.open ? card.overlay.close() : false),
  }
}

/**
 * Give the card the focus where a button elsewhere has put items on it: with the focus on that button, Enter would press it
 * again. Where the card has scrolled away, as on a phone, it comes into sight. Who is typing by now is left alone.
 */
function focusCard(node) {
  let focused = document.activeElement
  while (focused?.shadowRoot?.activeElement) focused = focused.shadowRoot.activeElement
  if (isTyping(focused)) return
  node.focus({preventScroll: true})
  const {top} = node.getBoundingClientRect()
  if (top < 0 || top > window.innerHeight) node.scrollIntoView({block: "start"})
}

const LABEL_KEYS = [
  ["1 – 9, 0", "label with that class"],
  ["a letter", "label with the class that shows the letter"],
  ["Enter", "accept the suggested class"],
  ["S", "skip: leave the item without a label"],
  ["U", "unsure: it is looked at, but not decided"],
  ["F", "flag: something is wrong with it; you can say what"],
  [UNDO_KEY, "undo the last one; again for the one before"],
  [REDO_KEY, "do again what was undone"],
  ["Page Up, Down", "zoom an image or a series; scroll a long text"],
  ["Arrows", "move what is zoomed; Home shows all of it"],
  ["/", "find a class by name, where there are many"],
  ["?", "show or hide this"],
  ["Esc", "close"],
]

/** Make the overlay that explains the keys: {node, toggle(), close(), open}. */
function makeKeysOverlay(rows = LABEL_KEYS) {
  const close = h("button.plain", {type: "button"}, "Close")
  const list = h("dl", {}, ...rows.map(([key, what]) => h("div", {}, h("dt", {}, h("kbd", {}, key)), h("dd", {}, what))))
  const node = h("dialog.keys", {"aria-label": "Keys"}, h("h2", {}, "Keys"), list, close)
  close.addEventListener("click", () => node.close())
  node.addEventListener("click", (event) => event.target === node && node.close())
  return {
    node,
    get open() { return node.open },
    close: () => node.open && node.close(),
    toggle: () => (node.open ? node.close() : node.showModal()),
  }
}
