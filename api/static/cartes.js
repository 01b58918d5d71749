// The map page: every change of a choice asks the server for the same page at its new address, takes the regions
// that changed (title, sentence, legend, choices, table), and recolours the map without loading a tile again.

import { Bulle } from "./bulle.js";
import { Peintre } from "./peintre.js";

const atlas = document.getElementById("atlas");
const alerte = document.getElementById("alerte");
const annonce = document.getElementById("annonce");
const vue = window.ores_carte;
const peintre = vue.tiles ? new Peintre(vue) : null;
const bulle = peintre ? new Bulle(vue, peintre, annonce) : null;
const documents = new Map();

let etat = lireEtat(document);
let demande = null;

function lireEtat(page) {
  return JSON.parse(page.getElementById("etat").textContent);
}

/** Return the values document at an address, asked for once. */
async function valeurs(adresse, signal) {
  if (!documents.has(adresse)) {
    const reponse = await fetch(adresse, { signal });
    if (!reponse.ok) throw new Error("Les valeurs de la carte n’ont pas pu être lues.");
    if (documents.size > 30) documents.clear();
    documents.set(adresse, await reponse.json());
  }
  return documents.get(adresse);
}

async function colorier(signal) {
  if (!peintre) return;
  const lues = await valeurs(etat.valeurs, signal);
  await peintre.montrer(etat, lues);
  document.querySelector("[data-etat='attente']").hidden = true;
  bulle.choisir(etat);
}

/** Go to another map: its address may be adjusted by the server, and becomes that of the page. */
async function aller(adresse, { garder = true } = {}) {
  demande?.abort();
  demande = new AbortController();
  const { signal } = demande;
  atlas.setAttribute("aria-busy", "true");
  alerte.hidden = true;
  try {
    const reponse = await fetch(adresse, { signal, headers: { Accept: "text/html" } });
    const page = new DOMParser().parseFromString(await reponse.text(), "text/html");
    if (!reponse.ok) {
      throw new Error(page.querySelector("[data-region='erreur'] .chapo")?.textContent
        ?? "Le site n’a pas pu répondre. Réessayez dans un instant.");
    }
    const avant = etat;
    etat = lireEtat(page);
    echanger(page);
    if (garder && etat.url !== location.pathname + location.search) history.pushState(null, "", etat.url);
    bulle?.fermer();
    await colorier(signal);
    if (avant.titre !== etat.titre) annonce.textContent = `Carte affichée : ${etat.titre}.`;
  } catch (erreur) {
    if (signal.aborted) return;
    document.getElementById("choix").reset();
    prevenir(erreur, () => aller(adresse, { garder }));
  } finally {
    if (!signal.aborted) atlas.removeAttribute("aria-busy");
  }
}

/** Replace the regions of this page by those of another, keeping the focus, the scroll and what was open. */
function echanger(page) {
  const actif = document.activeElement;
  const repere = actif?.id ? `#${CSS.escape(actif.id)}`
    : actif?.name && actif.value ? `${actif.localName}[name="${CSS.escape(actif.name)}"][value="${CSS.escape(actif.value)}"]` : null;
  const ouvert = document.querySelector("#choix details").open;
  const defile = document.querySelector(".defile")?.scrollTop ?? 0;
  for (const region of document.querySelectorAll("[data-region]")) {
    const neuve = page.querySelector(`[data-region="${region.dataset.region}"]`);
    if (neuve) region.innerHTML = neuve.innerHTML;
  }
  document.title = page.title;
  document.querySelector("#choix details").open = ouvert;
  const cadre = document.querySelector(".defile");
  if (cadre) cadre.scrollTop = defile;
  if (repere) document.querySelector(repere)?.focus({ preventScroll: true });
  preparer();
}

function prevenir(erreur, reprendre) {
  const texte = document.createElement("span");
  texte.textContent = !navigator.onLine
    ? "La connexion est coupée : la carte et les chiffres affichés restent ceux d’avant. "
    : erreur instanceof TypeError ? "Le site ne répond pas. " : `${erreur.message} `;
  const bouton = document.createElement("button");
  bouton.type = "button";
  bouton.className = "bouton";
  bouton.textContent = "Réessayer";
  bouton.addEventListener("click", reprendre, { once: true });
  alerte.replaceChildren(texte, bouton);
  alerte.hidden = false;
}

/** What each new set of regions needs: the buttons that only work with this script. */
function preparer() {
  const copier = document.querySelector("[data-acte='copier']");
  if (copier && navigator.clipboard) copier.hidden = false;
}

function large() {
  return getComputedStyle(document.querySelector("#choix summary")).pointerEvents === "none";
}

document.addEventListener("change", (evenement) => {
  const formulaire = evenement.target.form;
  if (formulaire?.id === "choix") aller(`${formulaire.action}?${new URLSearchParams(new FormData(formulaire))}`);
});

document.addEventListener("submit", (evenement) => {
  const formulaire = evenement.target;
  if (!formulaire.closest("[data-region='tableau'], #choix")) return;
  evenement.preventDefault();
  const champs = new URLSearchParams(new FormData(formulaire, evenement.submitter));
  aller(`${formulaire.action}?${champs}`).then(() => {
    if (evenement.submitter?.name === "territoire") bulle?.montrerChoisi();
  });
});

document.addEventListener("click", async (evenement) => {
  const lien = evenement.target.closest("a[data-tri], a[data-choisir]");
  if (lien && !evenement.ctrlKey && !evenement.metaKey && !evenement.shiftKey) {
    evenement.preventDefault();
    await aller(lien.href);
  }
  const copier = evenement.target.closest("[data-acte='copier']");
  if (copier) {
    await navigator.clipboard.writeText(location.href);
    copier.textContent = "Lien copié";
    annonce.textContent = "Lien copié.";
    setTimeout(() => { copier.textContent = "Copier le lien"; }, 2500);
  }
  if (evenement.target.closest("a[href='#choix']")) document.querySelector("#choix details").open = true;
});

window.addEventListener("popstate", () => aller(location.href, { garder: false }));

if (!large()) document.querySelector("#choix details").open = false;
new ResizeObserver(() => { if (large()) document.querySelector("#choix details").open = true; })
  .observe(document.body);
preparer();

if (peintre) {
  colorier().catch((erreur) => {
    document.querySelector("[data-etat='attente']").hidden = true;
    prevenir(erreur, () => location.reload());
  });
} else {
  document.querySelector("[data-etat='attente']").hidden = true;
  document.querySelector("[data-etat='sans-webgl']").hidden = false;
}
