// Brings the place where it stands into sight once Python wants it, and the focus with it. A page that is shown for the first
// time still grows above the place, so that it is looked for until it stays where it is, or the person scrolls themselves.

const EVERY_MS = 100
const TRIES = 40
const CALM = 8
const BY_HAND = ["wheel", "touchstart", "pointerdown", "keydown"]

export function render({model}) {
  const node = document.createElement("span")
  node.tabIndex = -1
  node.style.cssText = "position: absolute; outline: none; scroll-margin-top: 32px"
  const look = () => {
    if (!model.wanted) return
    model.wanted = false
    comeIntoSight(node)
  }
  model.on("wanted", look)
  requestAnimationFrame(look)
  return node
}

function comeIntoSight(node) {
  let [tries, calm, before, taken] = [0, 0, null, false]
  const stop = () => {
    clearInterval(timer)
    for (const kind of BY_HAND) window.removeEventListener(kind, stop, true)
  }
  const timer = setInterval(() => {
    if (++tries > TRIES || calm > CALM) return stop()
    if (!node.isConnected || !node.getClientRects().length) return
    node.scrollIntoView({block: "start"})
    if (!taken) node.focus({preventScroll: true})
    taken = true
    const {top} = node.getBoundingClientRect()
    calm = top === before ? calm + 1 : 0
    before = top
  }, EVERY_MS)
  for (const kind of BY_HAND) window.addEventListener(kind, stop, true)
}
