// The item under the pointer, small, beside it. Bundled by map_hover.py after tile_content.js; HOVER holds {css, theme}.

const GAP_PX = 14
const EDGE_PX = 8
const STAYS_PX = 10

class HoverCard {
  constructor(model) {
    this.model = model
    this.pointer = {x: 0, y: 0}
    this.shownAt = null
    // Nothing where the component stands: the card follows the pointer.
    this.node = h("span", {hidden: true})
    this.card = h("div.hover", {"aria-hidden": "true", hidden: true})
    // In the page's body: no panel cuts it off, and "fixed" means the window.
    this.host = h("div.goldpan-hover")
    this.host.attachShadow({mode: "open"}).append(h("style", {}, HOVER.css), this.card)
    document.body.append(this.host)
    this.moved = (event) => this._moved(event)
    this.gone = () => this.hide()
    const options = {capture: true, passive: true}
    document.addEventListener("pointermove", this.moved, options)
    for (const kind of ["pointerdown", "wheel", "keydown"]) document.addEventListener(kind, this.gone, options)
    model.on("item", () => this.draw())
    model.on("remove", () => {
      document.removeEventListener("pointermove", this.moved, options)
      for (const kind of ["pointerdown", "wheel", "keydown"]) document.removeEventListener(kind, this.gone, options)
      this.host.remove()
    })
  }

  draw() {
    const item = plain(this.model.item ?? {})
    if (!item.key) return this.hide()
    const dot = h("i.dot", {})
    dot.style.background = item.colour || "transparent"
    const label = item.label ? h("div.under", {}, item.colour ? dot : null, h("span", {}, item.label)) : null
    this.card.replaceChildren(h("div.key", {}, item.key), ...(item.view ? [tileContent(item)] : []), ...(label ? [label] : []))
    this.card.dataset.type = item.view?.type ?? ""
    this.shownAt = {...this.pointer}
    show(this.card, true)
    this._place()
  }

  hide() {
    this.shownAt = null
    show(this.card, false)
  }

  _moved(event) {
    this.pointer = {x: event.clientX, y: event.clientY}
    const far = this.shownAt && Math.hypot(this.shownAt.x - event.clientX, this.shownAt.y - event.clientY) > STAYS_PX
    if (far) this.hide()
  }

  /** Right below the pointer; on its other side where the window ends. */
  _place() {
    const {width, height} = this.card.getBoundingClientRect()
    const {x, y} = this.pointer
    const left = x + GAP_PX + width > window.innerWidth - EDGE_PX ? x - GAP_PX - width : x + GAP_PX
    const top = y + GAP_PX + height > window.innerHeight - EDGE_PX ? y - GAP_PX - height : y + GAP_PX
    this.card.style.left = `${Math.max(EDGE_PX, left)}px`
    this.card.style.top = `${Math.max(EDGE_PX, top)}px`
  }
}

export function render(drawing) {
  return renderOnce(drawing, HOVER, HoverCard)
}
