// The theme "auto" is the system's, and follows it. The page is told as its own switch tells it, and so is the server,
// which draws charts and maps.

const systemDark = matchMedia("(prefers-color-scheme: dark)")

function followSystem({model, view}) {
  if (!model.follow) return
  let page = view
  while (page.parent) page = page.parent
  const tell = () => {
    if (page.model.data.dark_theme !== systemDark.matches) page.model.data.dark_theme = systemDark.matches
  }
  systemDark.onchange = tell
  tell()
}
