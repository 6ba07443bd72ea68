// Keys that work on every page. A row is whatever carries `data-row`; the keys move the focus from one to the next, so
// that a screen reader follows and Enter opens what has it.
import { useEffect, useEffectEvent } from 'react';
import { paths } from '../paths.ts';
import { useScopedNavigate } from './scoped-link.tsx';

/** How long after `g` its second key may come. */
const secondKeyMs = 1500;
const pageByKey: Readonly<Record<string, string>> = {
  o: paths.overview(),
  m: paths.messages(),
  r: paths.report(),
  l: paths.live(),
  f: paths.failover(),
};

const isField = (target: EventTarget | null): target is HTMLElement =>
  target instanceof HTMLElement && target.matches('input, select, textarea, [contenteditable]');

/** From the row in focus; without one, from the first row below the header. */
function moveRow(step: 1 | -1): void {
  const rows = [...document.querySelectorAll<HTMLElement>('main [data-row]')];
  const current = rows.findIndex((row) => row.contains(document.activeElement));
  const headerBottom = document.querySelector('header')?.getBoundingClientRect().bottom ?? 0;
  const first = rows.findIndex((row) => row.getBoundingClientRect().top >= headerBottom);
  const row = rows[current === -1 ? Math.max(0, first) : current + step];
  const target = row?.matches('a, button, [tabindex]') ? row : row?.querySelector<HTMLElement>('a, button, [tabindex]');
  target?.focus();
}

export function useShortcuts(actions: { readonly focusSearch: () => void; readonly openHelp: () => void }): void {
  const navigate = useScopedNavigate();
  const onKey = useEffectEvent((event: KeyboardEvent, afterG: boolean): boolean => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return false;
    if (isField(event.target)) {
      if (event.key === 'Escape') event.target.blur();
      return false;
    }
    if (document.querySelector('dialog[open]') !== null) return false;
    const page = afterG ? pageByKey[event.key] : undefined;
    if (page !== undefined) navigate(page);
    else if (event.key === '/') actions.focusSearch();
    else if (event.key === '?') actions.openHelp();
    else if (event.key === 'j') moveRow(1);
    else if (event.key === 'k') moveRow(-1);
    else if (event.key === 'Escape' && document.activeElement instanceof HTMLElement) document.activeElement.blur();
    else return event.key === 'g';
    event.preventDefault();
    return false;
  });

  useEffect(() => {
    let gAt = Number.NEGATIVE_INFINITY;
    const listen = (event: KeyboardEvent): void => {
      const armed = onKey(event, event.timeStamp - gAt < secondKeyMs);
      gAt = armed ? event.timeStamp : Number.NEGATIVE_INFINITY;
    };
    window.addEventListener('keydown', listen);
    return () => window.removeEventListener('keydown', listen);
  }, []);
}
