// Draws the review card.

export function render(drawing) {
  return renderOnce(drawing, CARD, ReviewCard)
}
