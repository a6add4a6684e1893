// The labelled items most like the one on the card, one for each class, to compare with. Fetched once a person dwells on
// an item, so that it never delays the next one; last on the card, so that nothing moves under the pointer when it comes.

const DWELL_MS = 350

class NearPane {
  constructor() {
    this.list = h("div.nearlist")
    this.node = h("section.near", {hidden: true, "aria-label": "Labelled items most like it"}, h("h3", {}, "Most like it, labelled"), this.list)
  }

  /** Show what is like this item a moment later; null takes it away. */
  show(item) {
    clearTimeout(this.timer)
    this.item = item
    if (this.shown !== item?.key) show(this.node, false)
    if (item) this.timer = setTimeout(() => this._fetch(item), DWELL_MS)
  }

  async _fetch(item) {
    const {status, data} = await request(`/api/nearest?key=${encodeURIComponent(item.key)}`)
    if (this.item !== item || status !== 200 || !Array.isArray(data.items)) return
    this.shown = item.key
    this.list.replaceChildren(...data.items.map((each) => smallTile(each, each.name)))
    this.list.dataset.type = data.items[0]?.view?.type ?? "vector"
    show(this.node, data.items.length > 0)
  }
}
