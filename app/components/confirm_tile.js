// One item of the grid: a thumbnail, a text or a few values; in, out, or named as another class.

const FIELDS_SHOWN = 6
const TEXT_SHOWN = 600

class Tile {
  /** `touched(tile)` is called when it is clicked; `focused(tile)` when it gets the focus. */
  constructor(item, {touched, focused}) {
    this.item = item
    this.out = false
    this.named = null
    this.mark = h("span.mark", {"aria-hidden": "true"})
    const share = h("span.share", {"aria-hidden": "true"}, item.probability == null ? "" : percent(item.probability))
    this.node = h("div.tile", {
      role: "checkbox", tabindex: "-1", "aria-checked": "true", title: sayItem(item),
      onclick: () => touched(this), onfocus: () => focused(this),
    }, this._content(), h("div.foot", {"aria-hidden": "true"}, this.mark, share))
  }

  get type() {
    return this.item.view?.type ?? "vector"
  }

  /** Take it out, put it back in, or say what it is instead. */
  set(out, named = null) {
    this.out = out
    this.named = named
    this.node.classList.toggle("out", out)
    this.node.classList.toggle("named", named != null)
    this.node.style.setProperty("--c", named?.colour ?? "transparent")
    this.node.setAttribute("aria-checked", String(!out))
    setText(this.mark, named ? named.name : out ? "not one" : "")
  }

  describe(name) {
    const share = this.item.probability == null ? "" : `, ${percent(this.item.probability)}`
    const what = this.named ? `, named ${this.named.name}` : ""
    this.node.setAttribute("aria-label", `Is ${name}: item ${this.item.key}${share}${what}. ${textOf(this.item)}`)
  }

  _content() {
    const view = this.item.view ?? {}
    if (view.type === "image" && view.image) {
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
    if (view.type === "text") return h("div.words", {}, (view.text ?? "").slice(0, TEXT_SHOWN))
    if (view.type === "table") return h("dl.values", {}, ...(view.fields ?? []).slice(0, FIELDS_SHOWN).map(sayField))
    return h("div.words.quiet", {}, view.problem || `Item ${this.item.key}`)
  }
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
