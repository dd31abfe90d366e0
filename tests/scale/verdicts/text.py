"""Names and words of several languages, and the letters that people and programmes make of them."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.evidence.dice import Dice


def _words(line: str) -> tuple[str, ...]:
    return tuple(line.split())


FIRST = {
    "it": _words(
        "adele aldo bianca ciro dora enea flavia gaia guido ines jacopo lia manlio nives oreste pia remo sofia teo viola"
    ),
    "de": _words(
        "anke bernd claudia detlef elke frank gisela heiko inge jens katrin lars maike norbert petra ralf silke timo ute volker"
    ),
    "en": _words(
        "alice brian carol derek emma fergus grace harry isla jack karen liam molly nigel olive peter rose simon tracy victor"
    ),
    "fr": _words(
        "agathe bastien camille didier elodie fabrice gaelle hugo josette kevin lucie mathieu noemie odile pascal remy sylvie thierry yann zelie"
    ),
    "es": _words(
        "alma borja carmen diego elisa felipe gloria hector irene javier lola manuel nuria oscar pilar rafael sonia tomas vega ximena"
    ),
}
LAST = {
    "it": _words(
        "alberti bassi corti deiana fiore gatti landi mauri nardi oliva pinna ricci serra testa vanni zuliani"
    ),
    "de": _words(
        "albrecht brandt dietz ebert fuchs graf hartmann keller lorenz maurer naumann otto pohl richter seidel winkler"
    ),
    "en": _words(
        "abbott barnes clarke dawson ellis fletcher gibson hayes ingram kemp lawson mercer norris parker reeves walsh"
    ),
    "fr": _words(
        "aubert blanchard carpentier delorme etienne fournier gauthier hubert lambert marchand noel perrin roussel simon tessier vidal"
    ),
    "es": _words(
        "aguilar blanco campos delgado esteban fuentes gallego herrero iglesias lozano medina navarro ortega prieto rubio serrano"
    ),
}
WORDS = {
    "it": _words(
        "consegna preventivo contratto riunione sopralluogo cantiere pratica bolla listino campione ritardo conferma magazzino scadenza pagamento rimborso turno ferie verbale allegato domani lunedì venerdì settimana mattina prossima nuova ultima abbiamo ricevuto inviato spostato chiuso firmato verificato per con dopo entro senza la il una della anche ancora"
    ),
    "de": _words(
        "lieferung angebot vertrag besprechung baustelle rechnung muster verspätung bestätigung lager frist zahlung schicht urlaub protokoll anlage morgen montag freitag woche nächste neue letzte haben erhalten gesendet verschoben geprüft unterschrieben für mit nach ohne bis die der eine auch noch bitte danke"
    ),
    "en": _words(
        "delivery quote contract meeting site invoice sample delay confirmation warehouse deadline payment shift holiday minutes attached tomorrow monday friday week next new last we received sent moved checked signed for with after without until the a also still please thanks drawing pallet gasket supplier audit"
    ),
    "fr": _words(
        "livraison devis contrat réunion chantier facture échantillon retard confirmation entrepôt échéance paiement congé compte rendu joint demain lundi vendredi semaine prochaine nouvelle dernière nous avons reçu envoyé déplacé vérifié signé pour avec après sans avant la le une aussi encore merci"
    ),
    "es": _words(
        "entrega presupuesto contrato reunión obra factura muestra retraso confirmación almacén plazo pago turno vacaciones acta adjunto mañana lunes viernes semana próxima nueva última hemos recibido enviado movido revisado firmado para con después sin hasta la el una también todavía gracias"
    ),
}
GREETING = {"it": "Buongiorno", "de": "Guten Tag", "en": "Hello", "fr": "Bonjour", "es": "Buenos días"}
FIRMS = _words(
    "alpina borea cadore delta estro falco ginepro helix iris karst lumen merlo nodo orbita picco quarzo rovere sole torre ursa vela weser xilo zefiro"
)
TRADES = _words(
    "bau druck energia farma gomme holz impianti legno metall moda orto pack print servizi stahl tech tende trans vetro wein"
)
FREEMAIL = (
    "postafree.example",
    "webmail-uno.example",
    "mailhub.example",
    "briefkasten.example",
    "inboxy.example",
    "correo-facil.example",
)


def subject(text: str) -> str:
    return text if text.isascii() else f"=?UTF-8?B?{base64.b64encode(text.encode()).decode()}?="


def prose(dice: Dice, language: str, sentences: int) -> str:
    """Write as a person does: no two letters alike."""
    words = WORDS[language]
    made = []
    for _ in range(sentences):
        chosen = [dice.pick(words) for _ in range(dice.between(5, 12))]
        if dice.happens(0.35):
            chosen.insert(dice.between(1, 4), str(dice.between(2, 9900)))
        made.append(" ".join(chosen).capitalize() + ".")
    return "\n".join(made)


def hand(dice: Dice, language: str, name: str) -> str:
    return f"{GREETING[language]},\n\n{prose(dice, language, dice.between(1, 6))}\n\n{name}\n"


def title(dice: Dice, language: str) -> str:
    words = " ".join(dice.pick(WORDS[language]) for _ in range(dice.between(2, 5)))
    return subject(("Re: " if dice.happens(0.4) else "") + words)


def token(dice: Dice, length: int = 8) -> str:
    return dice.text("abcdefghijkmnpqrstuvwxyz23456789", length)


def stranger(dice: Dice) -> str:
    """Make up a name before the sign as strangers' providers have them."""
    language = dice.pick(("it", "de", "en", "fr", "es"))
    first, last = dice.pick(FIRST[language]), dice.pick(LAST[language])
    form = dice.between(0, 4)
    if form == 0:
        return f"{first}.{last}"
    if form == 1:
        return f"{first[0]}{last}{dice.between(1, 99)}"
    if form == 2:
        return f"{last}{dice.between(60, 2005)}"
    return f"{first}{last[:3]}{dice.between(1, 999)}"


PITCHES = (
    (
        "Your parcel {t} is held",
        "Dear customer,\nparcel {t} waits for a customs fee of 1.95.\nPay here: http://{d}/p/{t}\nIt returns in 24 hours.\n",
    ),
    (
        "Re: invoice overdue {n}",
        "See the overdue invoice {n} at http://{d}/doc?id={t}\nThe password of the archive is {n}.\n",
    ),
    ("{t} you won", "Congratulations {t}!! claim 500 euro bonus now >> http://{d}/{t}\n"),
    (
        "Verifica del conto {n}",
        "Gentile cliente,\nil suo conto e' stato limitato. Acceda entro oggi: http://{d}/accesso/{t}\nServizio clienti\n",
    ),
    (
        "Ihr Konto wurde gesperrt",
        "Sehr geehrter Kunde,\nbestaetigen Sie Ihre Daten unter http://{d}/konto/{t} bis heute {n} Uhr.\n",
    ),
    (
        "I have recorded you {n}",
        "I hacked your device. Pay 900 USD in bitcoin to bc1q{t}{t}{t} within 48 hours. Number {n}.\n",
    ),
    ("Best pills for {t}", "Cheap tablets without doctor, ships worldwide\nhttp://{d}/rx/{t}\n"),
    (
        "Investment {n}",
        "Dear friend, I am attorney of late Mr {t}. The sum of USD 9.{n} million shall be yours. Write to barrister@{d}\n",
    ),
    ("hi {t}", "lonely tonight? i am {t} and near you http://{d}/{t}\n"),
    ("Su paquete {n}", "Estimado cliente, su paquete {n} no pudo entregarse. Programe: http://{d}/e/{t}\n"),
)


class Pitch:
    """What one spam run says: one template, filled anew for each message."""

    def __init__(self, dice: Dice) -> None:
        self._title, self._body = dice.pick(PITCHES)
        self._domain = f"{token(dice, 7)}-{dice.pick(('secure', 'login', 'shop', 'pay', 'post'))}.example"
        self.forged = f"{dice.pick(('support', 'info', 'service', 'no-reply', 'sandra'))}@{token(dice, 8)}.example"

    def fill(self, dice: Dice) -> tuple[str, str]:
        values = {"t": token(dice, 7), "n": dice.between(1000, 99_999), "d": self._domain}
        return self._title.format(**values), self._body.format(**values)
