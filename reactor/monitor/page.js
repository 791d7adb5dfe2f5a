'use strict'
// Keeps the page fresh without loading it anew, so that nobody loses their place. What is
// shown while nothing answers is old, and the page says so.

const stale = document.getElementById('stale')

async function refresh() {
  if (document.hidden) return
  let page
  try {
    const response = await fetch('', { cache: 'no-store', signal: AbortSignal.timeout(8000) })
    if (response.ok) page = new DOMParser().parseFromString(await response.text(), 'text/html')
  } catch { /* it ended, stands still, or cannot be reached */ }
  const main = page?.querySelector('main')
  if (main) {
    document.querySelector('main').replaceWith(main)
    document.title = page.title
  } else {
    document.querySelector('main').className = 'old'
    document.title = 'No answer: ' + document.title.replace(/^No answer: /, '')
  }
  stale.hidden = Boolean(main)
}

(async () => {
  for (;;) {
    await new Promise((over) => setTimeout(over, 5000))
    await refresh()
  }
})()
