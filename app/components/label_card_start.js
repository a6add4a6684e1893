// Draws the label card; apart from it, since a card of another kind has its own drawing.

export function render({model, view}) {
  if (view.goldpanCard && !view.goldpanCard.closed) return view.goldpanCard.root
  if (!document.getElementById("goldpan-theme")) document.head.append(h("style", {id: "goldpan-theme"}, CARD.theme))
  const card = new LabelCard(model)
  card.root = h("div", {}, h("style", {}, CARD.css), card.node)
  view.goldpanCard = card
  card.start()
  return card.root
}
