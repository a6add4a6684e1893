// An item, small: in the Confirm page's grid, on a contact sheet, beside the item on the label card.

const FIELDS_SHOWN = 6
const TEXT_SHOWN = 600

/** Return the item itself, small: a picture, words or a few values. */
function tileContent(item) {
  const view = item.view ?? {}
  if (view.image) {
    const image = new Image()
    image.alt = ""
    image.draggable = false
    image.decoding = "async"
    image.onload = () => {
      const size = Math.max(image.naturalWidth, image.naturalHeight)
      // As on the label card: few pixels as squares, very few as a soft shape.
      image.classList.toggle("crisp", size >= 16 && size < 64)
    }
    image.onerror = () => image.replaceWith(h("span.broken", {}, "The image could not be loaded"))
    image.src = view.image
    return h("div.picture", {}, image)
  }
  if (view.series) return seriesTile(item)
  if (view.type === "text") return h("div.words", {}, (view.text ?? "").slice(0, TEXT_SHOWN))
  if (view.type === "table") return h("dl.values", {}, ...(view.fields ?? []).slice(0, FIELDS_SHOWN).map(sayField))
  return h("div.words.quiet", {}, view.problem || `Item ${item.key}`)
}

/** Return a small tile with the item's label below it; a button where `open` is given. */
function smallTile(item, label, open = null) {
  const chip = item.colour ? h("i.dot", {style: `background:${item.colour}`}) : null
  const foot = h("div.under", {}, chip, h("span", {}, label))
  const words = `Item ${item.key}. ${label}. ${textOf(item)}`
  const attributes = open ? {type: "button", onclick: open, "aria-label": words} : {role: "img", "aria-label": words}
  return h(open ? "button.smalltile" : "div.smalltile", {title: sayItem(item), ...attributes}, tileContent(item), foot)
}

function sayField([name, value]) {
  const shown = typeof value === "number" && !Number.isInteger(value) ? String(Number(value.toPrecision(5))) : String(value ?? "–")
  return h("div", {}, h("dt", {}, String(name)), h("dd", {}, shown))
}

function textOf(item) {
  const view = item.view ?? {}
  if (view.type === "text") return (view.text ?? "").slice(0, 160)
  if (view.type === "table") return (view.fields ?? []).slice(0, FIELDS_SHOWN).map(([name, value]) => `${name} ${value ?? "missing"}`).join(", ")
  return ""
}

function sayItem(item) {
  const more = [...(item.view?.fields ?? []), ...(item.extra ?? [])].slice(0, 20).map(([name, value]) => `${name}: ${value ?? "missing"}`)
  return [`Item ${item.key}`, ...more].join("\n")
}
