// The tooltip: name, code, value, unit and status of the territory under the pointer, the finger or, by keyboard,
// the centre of the map. Escape closes it; it never covers what it speaks of, nor leaves the map.

import { arrondir } from "./peintre.js";

export class Bulle {
  constructor(vue, peintre, annonce) {
    this.carte = vue.map;
    this.peintre = peintre;
    this.annonce = annonce;
    this.element = document.getElementById("bulle");
    this.mire = document.querySelector(".mire");
    this.toile = document.getElementById("toile");
    this.epinglee = false; // stays where a click or the keyboard put it
    this.clavier = false;
    const boite = this.carte.getContainer();
    boite.setAttribute("role", "application");
    boite.setAttribute("aria-label", "Carte interactive");
    boite.setAttribute("aria-describedby", "aide");
    boite.querySelectorAll("canvas").forEach((canevas) => {
      canevas.removeAttribute("aria-label");
      canevas.removeAttribute("role");
      canevas.setAttribute("aria-hidden", "true");
      canevas.tabIndex = -1;
    });
    if (matchMedia("(pointer: coarse)").matches) this.carte.dragging.disable(); // one finger scrolls the page
    this.carte.on("mousemove", (evenement) => { if (!this.epinglee) this.montrer(evenement.latlng); });
    this.carte.on("mouseout", () => { if (!this.epinglee) this.fermer(); });
    this.carte.on("click", (evenement) => {
      this.carte.scrollWheelZoom.enable();
      this.epinglee = this.montrer(evenement.latlng, true);
    });
    this.carte.on("movestart zoomstart", () => { if (!this.clavier) this.fermer(); });
    this.carte.on("moveend", () => { if (this.clavier && !this.element.hidden) this.lireCentre(); });
    boite.addEventListener("keydown", (evenement) => {
      if (evenement.target !== boite) return;
      if (evenement.key === "Enter") { this.clavier = true; this.lireCentre(); }
      if (evenement.key.startsWith("Arrow")) { this.clavier = true; this.viser(); }
    });
    boite.addEventListener("focus", () => { if (boite.matches(":focus-visible")) this.viser(); });
    boite.addEventListener("blur", () => {
      this.mire.hidden = true;
      document.getElementById("aide").hidden = true;
      this.carte.scrollWheelZoom.disable();
      if (this.clavier) this.fermer();
      this.clavier = false;
    });
    boite.addEventListener("pointerdown", () => { this.clavier = false; this.mire.hidden = true; });
    document.addEventListener("keydown", (evenement) => { if (evenement.key === "Escape") this.fermer(); });
  }

  viser() {
    this.mire.hidden = false;
    document.getElementById("aide").hidden = false;
  }

  lireCentre() {
    this.viser();
    this.epinglee = this.montrer(this.carte.getCenter(), true);
    if (!this.epinglee) this.annonce.textContent = "Aucun territoire au centre de la carte.";
  }

  /** Show what is at a place, and return whether there is something. */
  montrer(lieu, dire = false) {
    const trouve = this.peintre.sous(lieu);
    if (!trouve) { this.fermer(); return false; }
    this.peintre.marquer("survol", trouve.code);
    this.ecrire(trouve, dire);
    this.placer(this.carte.latLngToContainerPoint(lieu));
    return true;
  }

  ecrire({ code, nom }, dire) {
    const { etat } = this.peintre;
    const connu = this.peintre.valeurs.get(code);
    const lieu = bloc("lieu", "b", nom.replaceAll("'", "’"), "span", ` · ${etat.nomNiveau} ${code}`);
    const lignes = [lieu];
    if (!connu) lignes.push(bloc("statut", "span", "hors du champ de la carte"));
    else {
      if (connu.valeur !== null) {
        const { nombre, unite } = ecrireNombre(connu.valeur, etat);
        lignes.push(bloc("valeur", "b", nombre, "span", unite));
      }
      if (connu.statut !== "observed") {
        const couvert = connu.part < 1 && connu.valeur !== null
          ? `, ${ecrirePart(connu.part)} du territoire couvert` : "";
        lignes.push(bloc("statut", "span", etat.mots[connu.statut] + couvert));
      }
    }
    this.element.replaceChildren(...lignes);
    this.element.hidden = false;
    if (dire) this.annonce.textContent = lignes.map((ligne) => ligne.textContent).join(", ");
  }

  placer({ x, y }) {
    const [largeur, hauteur] = [this.element.offsetWidth, this.element.offsetHeight];
    const [place, haut] = [this.toile.clientWidth, this.toile.clientHeight];
    let gauche = x + 18;
    if (gauche + largeur > place - 8) gauche = x - largeur - 18;
    gauche = Math.min(Math.max(8, gauche), Math.max(8, place - largeur - 8));
    let dessus = y + 18;
    if (dessus + hauteur > haut - 8) dessus = y - hauteur - 18;
    this.element.style.transform = `translate(${Math.round(gauche)}px, ${Math.round(Math.max(8, dessus))}px)`;
  }

  fermer() {
    this.element.hidden = true;
    this.epinglee = false;
    this.peintre.marquer("survol", null);
  }

  /** Outline the territory of the address. */
  choisir(etat) {
    this.peintre.marquer("choisi", etat.territoire);
  }

  /** Bring the chosen territory into view and tell its value. */
  async montrerChoisi() {
    const { etat } = this.peintre;
    if (!etat.territoire) return;
    let trouve = this.peintre.ou(etat.territoire);
    if (!trouve || !this.carte.getBounds().contains(trouve.lieu)) {
      const reponse = await fetch(`${etat.territoires}/${etat.territoire}?millesime=${etat.millesime}`);
      if (!reponse.ok) return;
      const fiche = await reponse.json();
      const [ouest, sud, est, nord] = fiche.bbox;
      trouve = { nom: fiche.nom, lieu: window.L.latLng((sud + nord) / 2, (ouest + est) / 2) };
      this.carte.setView(trouve.lieu, this.carte.getZoom(), { animate: false });
    }
    const boite = this.toile.getBoundingClientRect();
    if (boite.bottom < 80 || boite.top > innerHeight - 80) this.toile.scrollIntoView({ block: "center" });
    this.ecrire({ code: etat.territoire, nom: trouve.nom }, true);
    this.placer(this.carte.latLngToContainerPoint(trouve.lieu));
    this.epinglee = true;
  }
}

/** A line of the tooltip: pairs of tag and text. */
function bloc(classe, ...parties) {
  const ligne = document.createElement("span");
  ligne.className = classe;
  for (let i = 0; i < parties.length; i += 2) {
    const partie = document.createElement(parties[i]);
    partie.textContent = parties[i + 1];
    ligne.append(partie);
  }
  return ligne;
}

function ecrireNombre(valeur, etat) {
  const categorie = etat.categories[String(valeur)];
  if (categorie !== undefined) return { nombre: categorie, unite: "" };
  const format = new Intl.NumberFormat("fr-FR", {
    minimumFractionDigits: etat.decimales, maximumFractionDigits: etat.decimales,
    signDisplay: etat.signe ? "exceptZero" : "negative",
  });
  const espace = etat.unite.startsWith("%") ? "\u202f" : "\u00a0";
  return { nombre: format.format(arrondir(valeur, etat.decimales)).replace("-", "\u2212"), unite: etat.unite ? espace + etat.unite : "" };
}

/** A share in per cent, which never says 100 % of what is not whole. */
function ecrirePart(part) {
  const texte = new Intl.NumberFormat("fr-FR", { maximumFractionDigits: 1 }).format(Math.min(part * 100, 99.9));
  return `${texte}\u202f%`;
}
