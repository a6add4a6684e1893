"""How people come in: password file, OAuth, sign-in page, cookies. `app.access` says who asks and whether they may."""
