#include "crypto/pairing_words.hpp"

#include <cstddef>

namespace lanyard::crypto {
namespace {

constexpr std::string_view kText =
    "abacus abbey abide able aboard abroad absent abundant academy accent acid acorn acre action "
    "adapt address adept adjust admiral adult advent aerial again agenda agile agree ahead aisle "
    "alarm album alcove alert alias alley almond alone alpaca already also altar always amaze "
    "amber amend among ample anchor anemone angle animal ankle anorak answer antler anvil anyone "
    "apology apricot aqua arbor arcade arena argue armor aroma arrow artist ashore aspen assist "
    "aster athlete atlas atom atrium attic auburn audio august aunt aurora author avenue axle "
    "azure baboon bacon badge bagel bake balcony bamboo banana basket bayou bazaar beacon bedrock "
    "beetle before begin belfry beside better bevel beyond bicycle bikini binder biplane birch "
    "biscuit bitter blanket blend blossom blue bolero bonfire book border botany bounce bowl "
    "boxcar bracket bread bridge bronze brush bucket budget buffalo bugle build bulb bumper "
    "bundle buoy burger bushel butter bypass cabin cactus cadet cake calf camel canoe caper cargo "
    "castle cattle cavern cedar ceiling celery cement cereal chalk cherry chimney chorus chrome "
    "chunk cinema circle citrus civic clever clinic clover cluster coach cobalt cocoa code coffee "
    "cogwheel coin comet cookie copper coral cosmos cotton cougar cove cowboy coyote crisp crocus "
    "crystal cube cuckoo cuddle cuff curtain custard cycle cymbal cypress daffodil dahlia daily "
    "dance daring dash dawn dazzle deep degree denim detail develop dexter dice digit dimple "
    "dinner diorama diploma discus diver doctor dolphin domino donkey doodle double dove dowel "
    "dragon dream drop drum dryer duck duel dugout dune duplex dynamo eager early easel ebony "
    "echo eclair eddy edge edible effort egret eight elastic elbow elder eleven email embark "
    "emerald emit empty enamel encore endive energy engine enigma enjoy enormous ensign entire "
    "envoy equal espresso essay ether exotic expert extra eyebrow facade falcon family farm "
    "father feast february feeder felt fence fern festival fetch fiber fiction fiddle field "
    "figure filter final firefly fish five fixture flag flight flower flute foam foil folder fond "
    "food forest fossil found fragile freckle friend frost fruit fudge fuel funnel fuse future "
    "fuzzy gable gadget galaxy gamma garden gasket gate gauge gavel gazelle gecko geese gemini "
    "general gesture geyser giant giddy gift giggle gilded ginger giraffe gizmo glacier glen "
    "glitter globe glue goal goblet gold gondola goose gopher gorilla govern grain green grid "
    "ground guest guide gulf guppy gymnast habit haggle hammer handle harbor hatch haven hawk "
    "hazel header height hello hemlock herb hexagon hidden hiking hill hinge hippo history hive "
    "hobby hockey hoist holiday honey hood hope horizon hospital hotel hound hover huddle hula "
    "human hundred hurdle husky hyacinth hybrid hydrant iceberg icicle icon idea igloo ignite "
    "iguana image inbox index infant ingot inkwell inlet inner input insect inward iris iron "
    "island isolate item ivory jacket jade jaguar january javelin jazz jelly jester jetty jewel "
    "jigsaw jingle jockey jogger join jolly journey jovial joyful jubilee judge juggle juice july "
    "jumble junior jupiter jury kale kangaroo karate kayak kazoo kennel kernel kettle keyboard "
    "khaki kidney kilt kimono kindle kiosk kitchen kiwi knee knife knot koala label ladder lagoon "
    "lake lantern lapel large lasso later lavender lawn layer leaf lecture ledge legend lemon "
    "lend leopard letter level liberty license life light lilac limber linen lion liquid list "
    "lively lizard llama loaf lobster local lodge loft logic lollipop loop lotus lounge lower "
    "loyal luggage lumber lunar luster lute lynx lyric maestro magnet mahogany major mallet "
    "mammal mango maple marble mascot match maximum mayor maze meadow mechanic medal meeting "
    "mellow member metal mica middle might mild mimic mineral mirror mist mitten mixture mobile "
    "mocha model moment moose moral mosaic motor mountain move muffin mulberry muscle mystery "
    "nacho nail name napkin narrow nature nearby necklace needle neighbor neon nephew nest "
    "network never nexus niece night nimble nine noise nomad noodle north notebook nougat novel "
    "nucleus nugget number nurse nutmeg nylon oasis oatmeal object oblong oboe observe ocean "
    "octave oddity offer often ogre okra olive olympic omega once onion onyx open opinion option "
    "opus oracle orbit orchid order organ ostrich otter outer oval oven owner oxygen oyster "
    "pacific paddle page palace panda paper parade pasta patio pause pavilion peach pebble pecan "
    "pedal pelican pencil people pepper perfect pesto petal phone phrase physics piano picnic "
    "pigeon pilot pine pioneer pirate pitcher pivot pixel pizza place plenty plow plum pocket "
    "podium poem point poker polar pony poppy porch postage potato powder pretzel profit public "
    "puffin pulley pumpkin punch puppet purple push putty puzzle pyramid python queen quick "
    "rabbit raccoon radar raft ragtime rail rally ramp ranch rapid rare raven razor reach rebel "
    "recipe reed reflex reindeer relay remedy renew repair rescue reward rhino rhubarb rhyme "
    "ribbon rice riddle right ripple rise road robin rocket rodeo rogue roller romance roof rope "
    "rose rotate round rover royal rudder rugby ruler running rural rush sable sack saddle safari "
    "sail salad sample sand sapphire sardine satin sauce savanna scenic school scissors scope "
    "seal second seed segment serene sesame settle seven sewing shadow shell shoe shrimp shuttle "
    "sibling sidewalk sierra sift signal silver simple siren sister size skate sketch skill skunk "
    "slate sleep slipper smile smoke snack sneaker snow soap sofa solar sonata soon soprano "
    "soybean space spend spice sprout squash stable steam stick stone street student style subway "
    "success sugar suit summer sunset surf sushi swan sweet swim sword symbol syrup system table "
    "tackle tadpole talent tango taper target task tavern taxi teacher teddy teenager temple "
    "tender terrace test tether text theory thick thorn three thumb thyme tiara ticket tidal "
    "tiger timber tinsel tiptoe tissue title toast today toffee together token tomato tone tooth "
    "topaz tornado total tower trade treat tribe trophy truck tugboat tulip tumble tuna turtle "
    "tutor tuxedo twelve twig tycoon type uncle under unfold unicorn unlock until upbeat update "
    "upgrade uphill upper upright usher utopia valley vanilla vapor vase vault vector vehicle "
    "velvet verb veteran vibrant victory video view village vine violin viper visit vital vivid "
    "voice volcano vortex vote vowel voyage wagon walnut wander warm wasabi water wave weather "
    "wedge weekend weigh west wetland whale wheat whisper widget wild wind wire wisdom witness "
    "wizard wolf wombat wonder wood work wrap wren wrist yacht yarn yawn year yellow yeti yodel "
    "yoga yolk young zebra zenith zephyr zero zigzag zinc zipper zodiac zone zoology zucchini";

constexpr std::size_t kPrefix = 3;

constexpr std::array<std::string_view, 1024> split(std::string_view text) {
  std::array<std::string_view, 1024> words;
  for (std::string_view& word : words) {
    const std::size_t end = text.find(' ');
    word = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return words;
}

constexpr std::array<std::string_view, 1024> kWords = split(kText);

/// Sorted, whole, and told apart by their first letters.
constexpr bool are_good(const std::array<std::string_view, 1024>& words) {
  for (std::size_t each = 0; each < words.size(); ++each) {
    if (words[each].size() <= kPrefix || words[each].size() > 8) return false;
    if (each == 0) continue;
    if (!(words[each - 1].substr(0, kPrefix) < words[each].substr(0, kPrefix))) return false;
  }
  return words.back().data() + words.back().size() == kText.data() + kText.size();
}
static_assert(are_good(kWords));

}  // namespace

const std::array<std::string_view, 1024>& pairing_words() { return kWords; }

}  // namespace lanyard::crypto
