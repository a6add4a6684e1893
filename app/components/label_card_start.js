// Draws the label card; apart from it, since a card of another kind has its own drawing.

export function render(drawing) {
  return renderOnce(drawing, CARD, LabelCard)
}
