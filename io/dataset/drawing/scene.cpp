#include "io/dataset/drawing/scene.h"

#include "io/dataset/drawing/background.h"
#include "io/dataset/drawing/plants.h"

namespace petal::drawing {
namespace {

constexpr float distance = 5;  // of the camera from the flower, in half widths of the photo

Light draw_light(Draws& draws) {
  const float around = draws.between(-2.2f, 2.2f);  // 0 is from behind the camera
  const float height = draws.between(0.35f, 1.35f);
  const float sharp = draws.between(0.1f, 1.0f);  // from overcast to full sun
  const float warm = draws.between(-0.05f, 0.22f);
  Light light;
  light.direction = normalized(
      {std::sin(around) * std::cos(height), std::sin(height), std::cos(around) * std::cos(height)});
  light.sun = Vector3{1 + warm, 1, 1 - 1.4f * warm} * mix(0.35f, 1.25f, sharp);
  light.sky = Vector3{0.92f, 1, 1.12f} * mix(0.75f, 0.42f, sharp);
  light.ground = Vector3{0.85f, 1, 0.7f} * mix(0.4f, 0.2f, sharp);
  return light;
}

// Where a flower stands and how large it is: the square from -1 to 1 is the photo.
struct Place {
  float x;
  float y;
  float z;
  float radius;
};

// The flowers of a photo: most often of one variety.
struct Plants {
  Plants(FlowerKind flower, Draws& draws)
      : kind(flower), variety(draw_blossom(flower, draws)), mixed(draws.chance(0.2f)) {}

  FlowerKind kind;
  Blossom variety;
  bool mixed;
};

void add_flower(Mesh& mesh, const Plants& plants, Draws& draws, const Place& place) {
  const Blossom blossom = plants.mixed ? draw_blossom(plants.kind, draws) : plants.variety;
  const float tilt = draws.between(blossom.least_tilt, blossom.most_tilt);
  const float lean = draws.between(-1, 1) *
                     mix(pi, 0.35f, smoothstep(0.2f, 0.9f, tilt));  // seen from the side it stands upright
  const Vector3 axis{std::sin(tilt) * std::sin(lean), std::sin(tilt) * std::cos(lean), std::cos(tilt)};
  const Vector3 origin{place.x, place.y, place.z};
  mesh.add(blossom.mesh, Frame::along(axis, draws.between(0, 2 * pi)), place.radius, origin);

  Stem stem;
  stem.start = origin + axis * (blossom.stem_top * place.radius);
  stem.control =
      stem.start - axis * (place.radius * draws.between(0.6f, 1.2f)) - Vector3{0, 0.5f * place.radius, 0};
  stem.end = {place.x + place.radius * draws.between(-0.6f, 0.6f), -1.3f,
              place.z - place.radius * draws.between(0.3f, 1.0f)};
  stem.radius = blossom.stem_radius * place.radius;
  stem.color = draw_green(draws);
  add_stem(mesh, stem);
  if (draws.chance(0.65f)) add_leaves(mesh, plants.kind, draws, stem, place.radius);
}

void add_grass(Mesh& mesh, Draws& draws, int count, float front, float back) {
  for (int i = 0; i < count; ++i) {
    const PetalShape blade{.length = draws.between(0.6f, 1.9f),
                           .half_width = draws.between(0.012f, 0.035f),
                           .foot_width = 0.8f,
                           .widest = 0.3f,
                           .tip = 1,
                           .rise = draws.between(1.1f, 1.5f),
                           .bend = draws.between(-1.6f, 0.1f),
                           .cup = 0.5f};
    const Vector3 green = draw_green(draws);
    const float angle = draws.between(0, 2 * pi);
    Mesh grass;
    add_petal(grass, draws, blade, {.foot = green * 0.6f, .tip = green, .translucent = 0.3f, .gloss = 0.04f},
              angle, 8, 3);
    const Vector3 origin{draws.between(-1.2f, 1.2f), -1.2f, draws.between(back, front)};
    mesh.add(grass, Frame{}, 1, origin);
  }
}

Place draw_place(Draws& draws) {
  const float radius = draws.between(0.5f, 0.88f);
  const float room = 1.1f - radius;
  return {.x = draws.between(-room, room), .y = draws.between(-0.7f * room, room), .z = 0, .radius = radius};
}

// The flowers in focus: one, or two or three side by side.
Mesh front_mesh(const Plants& plants, Draws& draws) {
  Mesh mesh;
  if (draws.chance(0.8f)) {
    add_flower(mesh, plants, draws, draw_place(draws));
  } else {
    const int count = draws.whole(2, 3);
    for (int i = 0; i < count; ++i) {
      const float x = -0.55f + 1.1f * static_cast<float>(i) / static_cast<float>(count - 1);
      add_flower(mesh, plants, draws,
                 {.x = x + draws.between(-0.15f, 0.15f),
                  .y = draws.between(-0.4f, 0.5f),
                  .z = draws.between(-0.5f, 0.0f),
                  .radius = draws.between(0.4f, 0.58f)});
    }
  }
  if (draws.chance(0.4f)) add_grass(mesh, draws, draws.whole(2, 12), -0.1f, -0.8f);
  return mesh;
}

// More of them farther off, out of focus.
Mesh back_mesh(const Plants& plants, Draws& draws) {
  Mesh mesh;
  const int count = std::max(0, draws.whole(-2, 3));
  for (int i = 0; i < count; ++i)
    add_flower(mesh, plants, draws,
               {.x = draws.between(-1.0f, 1.0f),
                .y = draws.between(-0.5f, 0.9f),
                .z = draws.between(-1.5f, -0.8f),
                .radius = draws.between(0.2f, 0.4f)});
  if (draws.chance(0.5f)) add_grass(mesh, draws, draws.whole(8, 30), -0.6f, -2.0f);
  return mesh;
}

// Linear light to sRGB, highlights rolled off.
std::uint8_t tone(float light) {
  const float soft = light < 0.6f ? light : 1 - 0.4f * std::exp((0.6f - light) / 0.4f);
  const float code = soft <= 0.0031308f ? 12.92f * soft : 1.055f * std::pow(soft, 1 / 2.4f) - 0.055f;
  return static_cast<std::uint8_t>(std::clamp(code * 255.0f + 0.5f, 0.0f, 255.0f));
}

// The same, looked up: the steps are finer than those of 8 bits.
class ToneTable {
 public:
  ToneTable() {
    for (std::size_t i = 0; i < codes_.size(); ++i) codes_[i] = tone(static_cast<float>(i) / steps);
  }
  std::uint8_t operator()(float light) const {
    const float step = std::clamp(light * steps, 0.0f, static_cast<float>(codes_.size() - 1));
    return codes_[static_cast<std::size_t>(step)];
  }

 private:
  static constexpr float steps = 4096;  // to an exposure of 1
  std::array<std::uint8_t, 4 * 4096> codes_{};
};

float mean_luminance(const Canvas& canvas) {
  float sum = 0;
  for (std::size_t i = 0; i < canvas.values.size(); i += 4)
    sum += 0.21f * canvas.values[i] + 0.72f * canvas.values[i + 1] + 0.07f * canvas.values[i + 2];
  return 4 * sum / static_cast<float>(canvas.values.size());
}

}  // namespace

Canvas draw_scene(FlowerKind kind, Draws& draws, int size) {
  const Light light = draw_light(draws);
  Canvas scene = draw_background(draws, size);
  const float background_light = draws.between(0.4f, 1.0f);
  for (float& value : scene.values) value *= background_light;
  const Plants plants(kind, draws);
  const float pixel = static_cast<float>(size) / 128;  // softness is a share of the photo
  Canvas back =
      render(back_mesh(plants, draws), light, (size + 1) / 2, distance);  // too soft to miss the other half
  blur(back, 0.5f * pixel * draws.between(1.2f, 3.5f));
  lay_over(scene, resized(back, size));
  Canvas front = render(front_mesh(plants, draws), light, size, distance);
  const float softness = draws.between(0.35f, 0.8f);
  blur(front, pixel * (draws.chance(0.1f) ? softness + 0.7f : softness));
  lay_over(scene, front);
  return scene;
}

Image photograph(Canvas scene, Draws& draws) {
  static const ToneTable tone_of;
  const float wanted = draws.between(0.12f, 0.26f);
  const float exposure = std::pow(wanted / std::max(mean_luminance(scene), 0.01f), 0.7f);
  const float warm = draws.between(-0.12f, 0.12f);
  const float green = draws.between(-0.05f, 0.05f);
  const float gains[3] = {exposure * (1 + warm), exposure * (1 + green), exposure * (1 - warm)};
  const float vignette = draws.between(0.0f, 0.35f);
  const float grain = draws.between(0.003f, 0.022f);
  Image image{.height = scene.size, .width = scene.size, .pixels = {}, .warning = {}};
  image.pixels.reserve(static_cast<std::size_t>(3 * scene.size * scene.size));
  for (int y = 0; y < scene.size; ++y)
    for (int x = 0; x < scene.size; ++x) {
      const float u = 2 * (static_cast<float>(x) + 0.5f) / static_cast<float>(scene.size) - 1;
      const float v = 2 * (static_cast<float>(y) + 0.5f) / static_cast<float>(scene.size) - 1;
      const float dim = 1 - vignette * 0.5f * (u * u + v * v);
      for (int c = 0; c < 3; ++c) {
        const float light = scene.at(x, y)[c] * gains[c] * dim;
        image.pixels.push_back(
            tone_of(light + grain * std::sqrt(std::max(light, 0.02f)) * draws.rough_normal()));
      }
    }
  return image;
}

}  // namespace petal::drawing
