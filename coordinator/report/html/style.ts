/** The page's style sheet: both themes, narrow screens, paper. No font, image or script from elsewhere. */
export const STYLE = `
:root{color-scheme:light dark;--paper:#fff;--card:#f6f7f9;--ink:#16191d;--muted:#59616b;--rule:#d9dde3;
--s1:#0b62c4;--s2:#b45309;--s3:#0f7b4b;--s4:#7a4bb8;--s5:#0e7490;--s6:#be123c;
--good:#0f6b3f;--good-bg:#e5f5ec;--warn:#8a4b00;--warn-bg:#fdf1dc;--bad:#a3122f;--bad-bg:#fde8ec}
@media (prefers-color-scheme:dark){:root{--paper:#14171b;--card:#1d2127;--ink:#e8ebef;--muted:#a3acb8;--rule:#353c46;
--s1:#6fb1ff;--s2:#f5a94a;--s3:#5fce97;--s4:#c39bf5;--s5:#5cc8de;--s6:#ff8199;
--good:#7fdcab;--good-bg:#14301f;--warn:#f7c373;--warn-bg:#352508;--bad:#ff9bad;--bad-bg:#3c1119}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
main{max-width:1080px;margin:0 auto;padding:24px 20px 64px}
h1{font-size:1.6rem;line-height:1.2;margin:0;overflow-wrap:anywhere}
h2{font-size:1.2rem;margin:44px 0 10px;padding-top:14px;border-top:1px solid var(--rule)}
h3{font-size:1rem;margin:26px 0 4px}
p{margin:6px 0 10px;max-width:80ch}
.quiet,figcaption,.legend{color:var(--muted);font-size:.9rem}
nav{margin:18px 0 0;font-size:.9rem;display:flex;flex-wrap:wrap;gap:4px 16px}
a{color:var(--s1)}
.verdict{display:flex;flex-wrap:wrap;gap:4px 16px;align-items:center;border-radius:10px;padding:14px 18px;margin:18px 0}
.verdict b{font-size:1.25rem;letter-spacing:.03em}
.VALID{background:var(--good-bg);color:var(--good)}.DEGRADED{background:var(--warn-bg);color:var(--warn)}.INVALID{background:var(--bad-bg);color:var(--bad)}
.quality{font-size:.9rem;font-variant-numeric:tabular-nums;max-width:none}.quality b{color:var(--muted);font-weight:600;margin-right:6px}.quality span{white-space:nowrap}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(225px,1fr));gap:14px;margin:18px 0}
.tile{background:var(--card);border:1px solid var(--rule);border-radius:10px;padding:14px 18px}
.tile h3{margin:0;color:var(--muted);font-weight:600;font-size:.9rem}
.tile strong{display:block;font-size:1.75rem;line-height:1.25;font-variant-numeric:tabular-nums}
.tile p{margin:4px 0 0;font-size:.9rem;font-variant-numeric:tabular-nums}
.next{background:var(--card);border-left:4px solid var(--s1);border-radius:0 10px 10px 0;padding:12px 18px}
.next h3{margin:0 0 4px}.next ol{margin:0;padding-left:22px}.next li{margin:4px 0;max-width:88ch}
.reasons{list-style:none;padding:0}.reasons li{margin:10px 0;max-width:88ch}
.tag{display:inline-block;border-radius:5px;padding:0 8px;margin-right:6px;font-size:.8rem;font-weight:700}
.NOTE{background:var(--card);color:var(--muted);border:1px solid var(--rule)}
figure{margin:10px 0 22px;overflow-x:auto}
.chart{display:block;width:100%;min-width:680px;height:auto;font-family:inherit}
.readout rect{fill:transparent}.readout path{stroke:none;pointer-events:none}.readout text{display:none;fill:var(--ink);font-size:13px;text-anchor:end;font-variant-numeric:tabular-nums}
.readout g:hover path{stroke:var(--muted);stroke-width:1}.readout g:hover text{display:block}
.scroll{overflow-x:auto}
table{border-collapse:collapse;font-size:.9rem;font-variant-numeric:tabular-nums;margin:8px 0}
th,td{padding:5px 12px 5px 0;text-align:left;border-bottom:1px solid var(--rule);vertical-align:top}
th{color:var(--muted);font-weight:600;white-space:nowrap}
.r{text-align:right;white-space:nowrap}
dl{display:grid;grid-template-columns:max-content 1fr;gap:4px 18px;margin:8px 0;font-size:.95rem}
dt{color:var(--muted)}dd{margin:0;overflow-wrap:anywhere}
pre{background:var(--card);border:1px solid var(--rule);border-radius:8px;padding:12px 14px;overflow-x:auto;font:14px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;white-space:pre-wrap;overflow-wrap:anywhere}
code{font:.92em ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;background:var(--card);padding:1px 5px;border-radius:4px;overflow-wrap:anywhere}
summary{cursor:pointer;color:var(--s1);margin:8px 0}
@media (max-width:640px){dl{grid-template-columns:1fr}dd{margin-bottom:8px}}
@media print{:root{color-scheme:light;--paper:#fff;--card:#f6f7f9;--ink:#000;--muted:#444;--rule:#bbb;--s1:#0b62c4;--s2:#b45309;--s3:#0f7b4b;--s4:#7a4bb8;--s5:#0e7490;--s6:#be123c;--good:#0f6b3f;--good-bg:#e5f5ec;--warn:#8a4b00;--warn-bg:#fdf1dc;--bad:#a3122f;--bad-bg:#fde8ec}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}
body{font-size:11pt}main{max-width:none;padding:0}nav,.hover{display:none}.chart{min-width:0}figure,.tile,.next,.verdict,tr{break-inside:avoid}h2,h3{break-after:avoid}.scroll,figure{overflow:visible}table{font-size:7.5pt}th{white-space:normal}th,td{padding-right:6px;overflow-wrap:anywhere}}
@page{size:A4;margin:14mm}
`.replaceAll("\n", "");
