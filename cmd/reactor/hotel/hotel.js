'use strict'
// Shows /state.json, twice a second.

const at = (id) => document.getElementById(id)
let works = true

function element(name, className, ...children) {
  const made = document.createElement(name)
  if (className) made.className = className
  made.append(...children)
  return made
}

// write leaves alone what says so already: what is announced would be announced again.
function write(id, text) {
  if (at(id).textContent !== text) at(id).textContent = text
}

const number = (n) => n.toLocaleString('en')
const money = (text) => Number(text).toLocaleString('en', { minimumFractionDigits: 2, maximumFractionDigits: 2 })
const amounts = (text) => text.replace(/\d{4,}\.\d+/g, money)
const saying = { merged: 'merged', out: 'checked out', unknown: 'not on record' }
const duration = (s) => (s < 0.001 ? 'under 1 ms' : s < 1 ? `${Math.round(s * 1000)} ms` : `${s.toFixed(1)} s`)

function group(g) {
  const pending = g.selected - g.merged - g.without
  const state = g.status === 'confirmed' ? 'confirmed' : pending > 0 ? `waits for ${pending} of ${g.selected}` : `owes ${money(g.owes)}`
  const bar = element('div', 'bar')
  for (const [className, n] of [['', g.merged], ['without', g.without]]) {
    const part = element('span', className)
    part.style.width = `${(100 * n) / g.selected}%`
    bar.append(part)
  }
  return element('li', g.status, element('span', '', g.name), element('span', 'state', state), bar)
}

function curve(reactions) {
  const svg = at('curve')
  svg.replaceChildren()
  if (reactions.length === 0) return
  const longest = Math.max(...reactions.map((r) => r.seconds))
  const top = Math.max(longest, 0.05) // below that all waits are alike, and low
  const shape = (name, attributes) => {
    const made = document.createElementNS('http://www.w3.org/2000/svg', name)
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value)
    svg.append(made)
  }
  for (const y of [5, 80, 155]) shape('line', { x1: 0, x2: 600, y1: y, y2: y })
  at('curve-top').textContent = duration(top)
  const x = (i) => (reactions.length === 1 ? 600 : (600 * i) / (reactions.length - 1))
  shape('path', { d: reactions.map((r, i) => `${i ? 'L' : 'M'}${x(i).toFixed(1)} ${(155 - (150 * r.seconds) / top).toFixed(1)}`).join(' ') })
  at('curve-text').textContent = `The last of ${number(reactions.length)} groups waited ${duration(reactions.at(-1).seconds)}, the longest ${duration(longest)}.`
}

function show(s) {
  if (works !== s.reactorWorks) write('problem', '') // it is over
  works = s.reactorWorks
  at('summary').textContent = `Store ${s.store}, round ${s.round}. ${number(s.groupsConfirmed)} groups confirmed, ${number(s.events)} events. ` +
    (s.roundsBalanced > 0 ? `The books balanced after ${s.roundsBalanced === 1 ? 'the first round' : `each of ${s.roundsBalanced} rounds`}.` : 'The books are audited after each round.')
  const since = Math.max(0, Math.round((Date.parse(s.at) - Date.parse(s.since)) / 1000))
  write('works', works ? 'It works' : 'It is dead')
  write('since', `for ${since} s`)
  at('reactor').className = works ? '' : 'down'
  write('toggle', works ? 'Kill the reactor' : 'Start the reactor')
  at('toggle').className = works ? '' : 'start'
  at('groups').replaceChildren(...s.groups.map(group).reverse())
  at('stays').replaceChildren(...s.stays.filter((stay) => stay.status !== 'expected').map((stay) =>
    element('li', stay.status, stay.name, element('span', 'owes', saying[stay.status] ?? `owes ${money(stay.owes)}`))))
  at('happenings').replaceChildren(...s.happenings.map((h) =>
    element('li', h.reactor ? 'reactor' : '', element('span', 'who', h.reactor ? 'reactor' : 'clerk'), element('span', '', `${h.subject} ${amounts(h.text)}`))))
  curve(s.reactions)
}

async function refresh() {
  try {
    const response = await fetch('state.json', { cache: 'no-store', signal: AbortSignal.timeout(4000) })
    if (!response.ok) throw new Error(response.statusText)
    show(await response.json())
  } catch (error) {
    write('summary', `The demo does not answer: ${error.message}. Has it ended?`)
    write('works', 'Not known')
    write('since', '')
    at('reactor').className = 'down'
  }
}

// A button that is switched off loses the keyboard's place, so it only does nothing meanwhile.
let pressed = false
at('toggle').addEventListener('click', async () => {
  if (pressed) return
  pressed = true
  try {
    const response = await fetch(works ? 'kill' : 'start', { method: 'POST' })
    write('problem', response.ok ? '' : await response.text())
  } catch (error) {
    write('problem', `That did not arrive: ${error.message}.`)
  }
  await refresh()
  pressed = false
})

refresh()
setInterval(refresh, 500)
