import { h, render } from 'preact';
import { App } from './app.jsx';
import { openSession } from './state.js';
import './style.css';
import './map/map.css';
import './run/run.css';
import './panels/panels.css';
import './narrow.css';

// The token has done its work: from now on a cookie says who we are, and the address may be shown around.
if (location.search !== '') history.replaceState(null, '', location.pathname + location.hash);

render(h(App, {}), document.getElementById('page')!);
void openSession();
