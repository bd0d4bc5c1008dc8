/** Colours after Okabe and Ito, who chose them so that everybody can tell them apart; darker on white, lighter on black. */
const LIGHT = `--text: #1d1f21; --page: #ffffff; --line: #d8dadd; --quiet: #5c6168; --panel: #f6f7f8;
    --bar: #7a94a8; --best: #00785a; --bound: #c04a00; --bad: #b3261e;
    --part0: #0072b2; --part1: #d55e00; --part2: #009e73; --part3: #cc79a7;
    --part4: #e69f00; --part5: #56b4e9; --part6: #b8a900; --part7: #808890;`;
const DARK = `--text: #e4e6e8; --page: #16181a; --line: #3a3e42; --quiet: #a2a8ae; --panel: #1f2225;
    --bar: #6c8599; --best: #2fc99b; --bound: #ff9a4d; --bad: #ff8a80;
    --part0: #4ba3dd; --part1: #ff8c3f; --part2: #2fc99b; --part3: #e39cc4;
    --part4: #f0b53c; --part5: #7cc8f2; --part6: #d8cc3c; --part7: #989fa6;`;

/** Properties of :root by the reader's wish; paper is always white. */
export function inBothLights(light: string, dark: string): string {
  return `:root { ${light} }
@media (prefers-color-scheme: dark) { :root { ${dark} } }
@media print { :root { ${light} } }`;
}

/**
 * What all reports look like. Charts and maps keep a size at which they can be read; on a narrow screen they scroll, and
 * an edge behind which there is more has a shadow.
 */
export const reportStyle = `${inBothLights(`color-scheme: light dark; ${LIGHT}`, DARK)}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 1340px; margin: 0 auto; padding: clamp(1rem, 3vw, 2rem); }
h1 { font-size: 1.7rem; line-height: 1.25; margin: 0 0 .5rem; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; margin: 2.5rem 0 .5rem; border-top: 1px solid var(--line); padding-top: 1rem; overflow-wrap: anywhere; }
p, li, dd { max-width: 75ch; overflow-wrap: anywhere; }
ul { padding-left: 1.2rem; }
.lead { color: var(--quiet); margin: 0 0 1rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; margin: .5rem 0; }
th, td { padding: .2rem .9rem .2rem 0; text-align: left; white-space: nowrap; border-bottom: 1px solid var(--line); vertical-align: top; }
th { color: var(--quiet); font-weight: 600; }
th.n, td.n { text-align: right; }
td.wide { white-space: normal; min-width: 16rem; max-width: 60ch; overflow-wrap: anywhere; }
code { font: .92em/1.4 ui-monospace, monospace; }
small { color: var(--quiet); }
summary { cursor: pointer; font-weight: 600; }
.terms dt { font-weight: 600; float: left; clear: left; min-width: 8.5rem; }
.terms dd { color: var(--quiet); margin-left: 8.5rem; }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: .75rem; margin: 1rem 0; }
.facts div { background: var(--panel); border-radius: .5rem; padding: .6rem .9rem; }
.facts dt { color: var(--quiet); font-size: .85rem; }
.facts dd { margin: 0; font-size: 1.25rem; font-weight: 600; font-variant-numeric: tabular-nums; line-height: 1.3; }
.facts small { font-size: .8rem; font-weight: 400; display: block; }
.best, .good { color: var(--best); }
.bad { color: var(--bad); font-weight: 600; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 480px), 1fr)); gap: 1rem 2rem; }
figure { margin: 1rem 0 0; min-width: 0; overflow-x: auto; }
.scroll, figure { background:
    linear-gradient(to right, var(--page) 40%, transparent) left / 2.5rem 100% no-repeat local,
    linear-gradient(to left, var(--page) 40%, transparent) right / 2.5rem 100% no-repeat local,
    linear-gradient(to right, var(--quiet), transparent) left / .6rem 100% no-repeat scroll,
    linear-gradient(to left, var(--quiet), transparent) right / .6rem 100% no-repeat scroll; }
figcaption { margin-bottom: .3rem; color: var(--quiet); position: sticky; left: 0; }
figcaption b { color: var(--text); }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; padding: 0; margin: .6rem 0 .3rem; font-size: .9rem; }
.legend i { display: inline-block; width: .8em; height: .8em; border-radius: .15em; margin-right: .4em; }
svg { width: 100%; min-width: 460px; height: auto; display: block; }
@media (max-width: 640px) { .terms dt { float: none; } .terms dd { margin-left: 0; } }
@media print {
  @page { margin: 14mm; }
  body { font-size: 10.5px; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  main { max-width: none; padding: 0; }
  details { display: block; }
  h2 { break-after: avoid-page; margin-top: 1.5rem; }
  figure, tr, .facts { break-inside: avoid-page; }
  .charts { grid-template-columns: 1fr 1fr; gap: .5rem 1rem; }
  .scroll, figure { overflow: visible; background: none; }
  svg { min-width: 0; }
  table { font-size: .92em; }
  th, td { padding-right: .6rem; white-space: normal; }
  td.wide { min-width: 0; }
}`;
