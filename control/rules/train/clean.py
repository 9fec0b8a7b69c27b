#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""clean: messages of firms and offices that nobody objects to, made from templates.

usage: clean.py LANGUAGE|FILE.txt COUNT SEED [PART/PARTS] > FILE.tsv

What people write to each other is easily had as clean messages, what firms write to their
customers (codes, sums, parcels, appointments) is not, and a rule learned without takes a sum
and an address for spam. These stand in for it; your own clean traffic is better.

clean/LANGUAGE.txt has a line "name: text | text | ..." for each word that others stand for,
{name} in a text is replaced by one of them, drawn afresh, and each "message:" line is a kind
of message, drawn equally often. Names in small letters below and in SLOTS are made here.
Firms, people and places are invented. The same arguments give the same file. With 0/2 or 1/2
only every other kind of message is taken, from the first or the second on: who learns from
one half and judges the other sees what becomes of kinds that were not learned.
"""
import os
import random
import re
import sys

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "clean")
SYLLABLES = ("al an ar bel bo ca cor da del den do el en fa fin fle ga gre ha hol im in jo "
             "ka kel la lan li lo lu ma mar mi mo na net nor nu o or pa pe pol qua ra ren ri "
             "ro sa sel si sta su ta tel ter ti tor tru u va ver vi vo wa wes wi xa ya ze zo").split()
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
SMALL = "abcdefghijklmnopqrstuvwxyz0123456789"
ENDS = ("", "", "", " Bank", " Telecom", "Pay", " Air", "Mart", " Health", " Insurance",
        " Express", " Post", "Cab", " Clinic", " Hotel", " Shop", " Energy", "Net", " Group")
SITES = ("com", "com", "com", "net", "co", "org", "io", "app", "co.uk", "com.sg", "co.in", "me")
DAYS = ("Monday Tuesday Wednesday Thursday Friday Saturday Sunday "
        "Mon Tue Wed Thu Fri Sat").split()
MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec January March April June July".split()
TITLES = "Mr Mrs Ms Mr. Ms.".split()


class Maker:
    def __init__(self, language, seed, part=0, parts=1):
        self.rng = random.Random(f"{os.path.basename(language).removesuffix('.txt')} {seed}")
        self.words, self.messages = {}, []
        path = language if language.endswith(".txt") else os.path.join(HERE, f"{language}.txt")
        with open(path, encoding="utf-8") as f:
            for line in f:
                name, colon, rest = line.rstrip("\n").partition(": ")
                if line.startswith("#") or not colon:
                    continue
                if name == "message":
                    self.messages.append(rest)
                else:
                    self.words[name] = [w.strip() for w in rest.split("|")]
        self.messages = self.messages[part::parts]

    def pick(self, of):
        return self.rng.choice(of)

    def digits(self, n):
        return "".join(self.pick("0123456789") for _ in range(n))

    def name(self, most):
        return "".join(self.pick(SYLLABLES) for _ in range(self.rng.randint(2, most))).title()

    def site(self):
        return f"{self.name(3).lower()}.{self.pick(SITES)}"

    def link(self):
        signs = SMALL + SMALL[:26].upper()
        path = "".join(self.pick(signs) for _ in range(self.pick((5, 7, 9))))
        way = self.pick(("", "", "my/", "t/", "track/", "s/", "app/"))
        return self.pick(("", "https://", "https://", "https://www.", "m.")) + \
            f"{self.site()}/{way}{path}"

    def amount(self):
        whole = self.rng.choice((self.rng.randint(1, 99), self.rng.randint(100, 9999),
                                 self.rng.randint(1000, 250000)))
        return self.pick((f"{whole}", f"{whole:,}", f"{whole:,}.{self.digits(2)}",
                          f"{whole}.{self.digits(2)}"))

    def date(self):
        d, m, y = self.rng.randint(1, 28), self.rng.randint(1, 12), self.rng.randint(2015, 2027)
        name = self.pick(MONTHS)
        return self.pick((f"{d:02}/{m:02}/{y}", f"{d:02}/{m:02}", f"{d:02}-{m:02}-{y % 100:02}",
                          f"{d} {name}", f"{name} {d}", f"{d:02}-{name}-{y % 100:02}",
                          f"{y}-{m:02}-{d:02}", f"{d:02}.{m:02}.{y}", f"{d:02}{name.upper()}"))

    def time(self):
        h, m = self.rng.randint(0, 23), self.pick(("00", "15", "30", "45", self.digits(2)))
        return self.pick((f"{h}:{m}", f"{h:02}:{m}",
                          f"{h % 12 + 1}:{m} {self.pick(('AM', 'PM'))}",
                          f"{h % 12 + 1}{self.pick(('am', 'pm'))}",
                          f"{h:02}:{m}:{self.digits(2)}"))

    def phone(self):
        return self.pick((f"+{self.digits(2)} {self.digits(4)} {self.digits(4)}",
                          f"+{self.digits(11)}", f"{self.digits(3)}-{self.digits(3)}-"
                          f"{self.digits(4)}", f"0{self.digits(9)}", f"0{self.digits(3)} "
                          f"{self.digits(6)}", f"1800 {self.digits(3)} {self.digits(3)}",
                          self.digits(4), f"555-{self.digits(4)}"))

    def slot(self, name):
        """What the names that are made here stand for; None: another's."""
        count = re.fullmatch(r"([da])(\d+)", name)
        if count:
            made = self.digits(int(count[2])) if count[1] == "d" else \
                "".join(self.pick(SMALL[:26]) for _ in range(int(count[2])))
            return made
        return {
            "A": lambda: self.pick(LETTERS), "n": lambda: str(self.rng.randint(2, 30)),
            "PNR": lambda: "".join(self.pick(LETTERS + "23456789") for _ in range(6)),
            "hash11": lambda: "".join(self.pick(SMALL + LETTERS) for _ in range(11)),
            "firm": lambda: self.name(3) + self.pick(ENDS),
            "FIRM": lambda: self.name(3).upper(), "SITE": lambda: self.site().upper(),
            "first": lambda: self.name(2), "last": lambda: self.name(3),
            "city": lambda: self.name(3), "CITY": lambda: self.name(2)[:3].upper(),
            "branch": lambda: self.name(2), "street": lambda: self.name(3) + " Street",
            "title": lambda: self.pick(TITLES), "day": lambda: self.pick(DAYS),
            "month": lambda: self.pick(MONTHS), "site": self.site,
            "host": lambda: self.name(4).lower(), "link": self.link,
            "amount": self.amount, "date": self.date, "time": self.time, "phone": self.phone,
        }.get(name)

    def expand(self, text):
        def one(match):
            if match[1] in self.words:
                return self.expand(self.pick(self.words[match[1]]))
            made = self.slot(match[1])
            return made if isinstance(made, str) else made()
        return re.sub(r"\{(\w+)\}", one, text)

    def message(self):
        return re.sub(r"\s+", " ", self.expand(self.pick(self.messages))).strip()


def main():
    language, count, seed = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    maker = Maker(language, seed, *(int(n) for of in sys.argv[4:5] for n in of.split("/")))
    for _ in range(count):
        print("ham\t" + maker.message())


if __name__ == "__main__":
    main()
