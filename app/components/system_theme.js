// The theme "auto" is the system's, and follows it; the server is told, since it draws charts and maps.

const systemDark = matchMedia("(prefers-color-scheme: dark)")

function followSystem(model) {
  if (!model.follow) return
  const tell = () => {
    if (model.dark !== systemDark.matches) model.dark = systemDark.matches
  }
  systemDark.onchange = tell
  tell()
}
