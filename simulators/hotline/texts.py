"""What callers say: short calls in Chinese with the kind that a call-taker would choose, or none."""

from typing import Final, NamedTuple


class Script(NamedTuple):
    """One sort of call; `{place}` is filled with a place name."""

    text: str
    kind: str | None
    demand: str


SCRIPTS: Final[tuple[Script, ...]] = (
    Script("{place}的路灯已经三天不亮了，晚上老人出门很危险，请尽快维修。", "streetlight_out", "help"),
    Script("{place}的垃圾桶满了没人收，天热味道很大。", "waste_overflow", "complaint"),
    Script("{place}有人晚上十点还在施工，孩子没法睡觉。", "construction_noise_night", "complaint"),
    Script("{place}广场舞音响声音太大，希望有人来管一管。", "social_life_noise", "complaint"),
    Script("{place}消防通道被私家车堵了，两辆车停了一整天。", "fire_lane_blocked", "report"),
    Script("{place}电梯今天又坏了，这个月第三次，住在高层的老人下不了楼。", "elevator_out_of_service", "complaint"),
    Script("{place}路面有个大坑，骑电动车差点摔倒。", "road_damage", "help"),
    Script("{place}井盖松动，车一压就响，担心掉下去。", "manhole_cover_missing", "help"),
    Script("{place}楼道里堆满纸箱和旧家具，出门都困难。", "corridor_clutter", "complaint"),
    Script("{place}楼下餐馆油烟直排，家里不敢开窗。", "restaurant_fume", "complaint"),
    Script("{place}小区停水了，想问什么时候恢复。", "water_outage", "consultation"),
    Script("{place}健身器材的踏板断了，建议更换。", "public_facility_damage", "suggestion"),
    Script("{place}流动摊贩占了人行道，推婴儿车过不去。", "street_vendor_occupation", "complaint"),
    Script("{place}有人遛狗不牵绳，小孩被吓哭了。", "dog_nuisance", "complaint"),
    Script("{place}共享单车堆在路口，盲道被挡住了。", "shared_bike_clutter", "complaint"),
    Script("{place}楼上漏水漏到我家，物业说不归他们管。", "flat_leakage", "help"),
    Script("{place}下水道返水，一楼院子里全是污水。", "sewage_overflow", "help"),
    Script("请问{place}附近的社区医院周末可以打疫苗吗？", "general_enquiry", "consultation"),
    Script("谢谢{place}的网格员，帮我找回了走失的老人。", "general_enquiry", "praise"),
    Script("我想反映{place}的一个情况，说不太清楚，麻烦派人来看看。", None, "help"),
    Script("{place}这边好像不太对劲，味道怪怪的，也不知道从哪里来的。", None, "help"),
)

PLACES: Final[tuple[str, ...]] = (
    "清水苑3栋",
    "清水苑东门",
    "清水苑地下车库入口",
    "银杏里5栋2单元",
    "银杏里北门",
    "河滨小区8栋",
    "河滨步道",
    "社区卫生站门口",
    "菜市场南口",
    "幼儿园门口",
)

BURNING_SMELL: Final = "清水苑东门这边有一股很重的烧焦味道，垃圾房那里好像在冒烟，请快来人看看！"
