/** Names for containers that come without: `adjective_surname`, people of seafaring, engineering and science. */

const adjectives = [
  "able", "adept", "agile", "airy", "amber", "ample", "apt", "ardent", "astute", "avid", "balmy", "bold", "brave", "bright", "brisk", "buoyant",
  "calm", "candid", "canny", "chipper", "civil", "clever", "cosy", "crisp", "curious", "dapper", "daring", "deft", "devoted", "dreamy", "eager",
  "earnest", "easy", "elated", "elegant", "epic", "exact", "fair", "fearless", "fine", "fluent", "fond", "frank", "frosty", "gallant", "genial",
  "gentle", "glad", "gleaming", "golden", "graceful", "grand", "hardy", "hearty", "helpful", "honest", "hopeful", "humble", "jaunty", "jolly",
  "jovial", "joyful", "keen", "kind", "lively", "loyal", "lucid", "lucky", "mellow", "merry", "mindful", "modest", "neat", "nifty", "nimble",
  "noble", "patient", "peaceful", "placid", "playful", "plucky", "polite", "proud", "prudent", "quick", "quiet", "radiant", "ready", "regal",
  "robust", "rosy", "sage", "salty", "serene", "sharp", "shining", "silver", "sincere", "sleek", "snug", "sober", "spry", "steady", "stoic",
  "sturdy", "sublime", "sunny", "swift", "tender", "thrifty", "tidy", "tranquil", "trusty", "upbeat", "valiant", "vivid", "warm", "wise", "witty",
  "zealous",
];

const surnames = [
  "abel", "agassiz", "alhazen", "amundsen", "anning", "archimedes", "aryabhata", "ayrton", "babbage", "banneker", "barentsz", "bardeen", "bassi",
  "beaufort", "bell", "bessel", "bligh", "bohr", "boole", "born", "bose", "bowditch", "brahe", "brunel", "burnell", "cabot", "carson", "cartier",
  "cauchy", "cavendish", "celsius", "chandrasekhar", "chatelet", "clairaut", "cook", "cousteau", "cray", "curie", "dampier", "darwin", "davies",
  "dijkstra", "dirac", "drake", "earhart", "edison", "elcano", "engelbart", "euclid", "euler", "faraday", "fermat", "fermi", "feynman", "fitzroy",
  "flinders", "foucault", "fourier", "franklin", "frobisher", "galileo", "galois", "gama", "gauss", "germain", "goddard", "goldberg", "goodall",
  "halley", "hamilton", "harrison", "heisenberg", "herschel", "hertz", "hilbert", "hodgkin", "hooke", "hopper", "hubble", "hudson", "humboldt",
  "huygens", "hypatia", "jackson", "jacquard", "johnson", "joule", "kaku", "keller", "kepler", "khwarizmi", "knuth", "kovalevskaya", "lagrange",
  "lamarr", "laplace", "laperouse", "leakey", "leavitt", "leibniz", "linnaeus", "liskov", "lovelace", "maathai", "magellan", "marconi", "mawson",
  "maxwell", "mayer", "mcclintock", "meitner", "mendel", "mendeleev", "mercator", "mirzakhani", "morse", "nansen", "napier", "newton",
  "nightingale", "nobel", "noether", "oersted", "ohm", "pascal", "pasteur", "pauli", "payne", "pike", "planck", "poincare", "ptolemy", "ramanujan",
  "raman", "reis", "riemann", "ritchie", "ross", "sagan", "scoresby", "shackleton", "shannon", "shaw", "slocum", "snell", "somerville", "swartz",
  "tasman", "tereshkova", "tesla", "thompson", "torvalds", "turing", "vancouver", "vespucci", "volta", "watt", "wegener", "wilson", "wright", "wu",
  "yonath", "zheng", "zuse",
];

/** From the second try on with a digit at the end: the plain one was taken. */
export function randomName(attempt = 0): string {
  const pick = (words: readonly string[]) => words[Math.floor(Math.random() * words.length)] ?? "";
  const name = `${pick(adjectives)}_${pick(surnames)}`;
  return attempt === 0 ? name : `${name}${Math.floor(Math.random() * 10)}`;
}

/** Docker's rule for names of containers; `name` without its slash. */
export function isValidName(name: string): boolean {
  return /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/.test(name);
}
