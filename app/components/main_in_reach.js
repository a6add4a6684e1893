// What scrolls must be reached: Panel's Material page scrolls its main part, which may hold nothing to focus, and on a
// phone the header's list of pages, where the page on show may be out of sight.
const TRIES = 50

export function render(drawing) {
  followSystem(drawing)
  const node = document.createElement("span")
  const look = (left) => {
    for (let root = node.getRootNode(); root; root = root.host?.getRootNode()) {
      const main = root.querySelector?.(".main-content")
      if (main) {
        main.tabIndex = 0
        return show(root.querySelector("header"), TRIES)
      }
    }
    if (left) setTimeout(() => look(left - 1), 100)
  }
  requestAnimationFrame(() => look(TRIES))
  return node
}

function show(header, left) {
  const chosen = header && within(header, ".MuiToggleButton-root.Mui-selected")
  if (chosen) chosen.scrollIntoView({inline: "center", block: "nearest"})
  else if (left) setTimeout(() => show(header, left - 1), 100)
}

/** The first match below a node, in shadow roots too. */
function within(node, selector) {
  const found = node.querySelector(selector)
  if (found) return found
  for (const each of node.querySelectorAll("*")) {
    const deeper = each.shadowRoot && within(each.shadowRoot, selector)
    if (deeper) return deeper
  }
  return null
}
