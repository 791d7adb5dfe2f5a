'use strict'
// Keeps the page fresh without loading it anew, so that nobody loses their place.
setInterval(async () => {
  if (document.hidden) return
  try {
    const response = await fetch('', { cache: 'no-store' })
    const page = new DOMParser().parseFromString(await response.text(), 'text/html')
    document.querySelector('main').replaceWith(page.querySelector('main'))
    document.title = page.title
  } catch {
    document.title = 'No answer: ' + document.title.replace(/^No answer: /, '')
  }
}, 5000)
