"""The words by which a person is told from an ordinary word in Chinese text: family names, titles, and who is meant."""

from typing import Final

# The family names that nine of ten people bear. Source: 公安部, 《二〇二〇年全国姓名报告》 and its supplements.
_SINGLE: Final = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁"
    "任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付傅方白邹孟熊秦邱江尹薛闫阎段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃"
    "武戴莫孔向汤温康施文牛樊葛邢安齐易乔伍庞颜倪庄聂章鲁岳翟殷詹申欧耿关兰焦俞左柳甘祝包宁尚符舒阮柯"
    "纪梅童凌毕单季裴霍涂成苗谷盛曲翁冉骆蓝路游辛靳管柴蒙鲍华喻祁蒲房滕屈饶解牟艾尤阳时穆农司卓古吉缪"
    "简车项连芦麦褚娄窦戚岑景党宫费卜冷晏席卫米柏宗瞿桂全佟应臧闵苟邬边卞姬师和仇栾隋商刁沙荣巫寇桑郎"
    "甄丛仲虞敖巩明佘池查麻苑迟邝"
)
_DOUBLE: Final = "欧阳 上官 司马 诸葛 东方 皇甫 尉迟 公孙 慕容 令狐 夏侯 司徒"
_TITLES: Final = (
    "先生 女士 小姐 同志 师傅 老师 大爷 大妈 大娘 大叔 大姐 大哥 "
    "阿姨 婆婆 爷爷 奶奶 叔叔 嬢嬢 孃孃 太婆 老人 老板 医生 护士 "
    "主任 书记 科长 经理 队长 警官 某某 某 "
)
_LABELS: Final = (
    "姓名 联系人 户主 房东 业主 居民 村民 住户 投诉人 举报人 报警人 当事人 "
    "租户 租客 申请人 反映人 来电人 报料人 患者 病人 老人 伤者 死者 孩子 "
    "学生 经办人 承办人 负责人 家属 司机 车主 邻居 其子 其女 丈夫 妻子 "
    "儿子 女儿 母亲 父亲 名叫 本人 我叫 我是 叫做 "
)
# Ordinary words that look like a family name and a given name between two commas.
_ORDINARY: Final = (
    "方案 安全 时间 高温 路面 连续 和谐 成立 全部 应当 应急 车辆 "
    "车位 房屋 路灯 管网 管道 管理 师生 明确 明显 解决 解除 向上 "
    "高度 安装 安置 查处 查看 连接 单元 单位 关闭 严重 成都 成效 "
    "任务 文明 文件 施工 盛夏 常态 石材 白天 金额 万元 康复 项目 "
    "计划 包括 方便 方式 方面 时限 荣誉 古树 江边 河边 林木 汤锅 "
    "牛奶 马路 黄色 华西 温度 温馨 应对 宁静 全面 全体 景观 商铺 "
    "商户 商圈 商家 边坡 米线 房东 游客 司机 农户 师傅 党员 党委 "
    "党群 明火 边界 路人 路口 段落 兰花 边上 冷库 "
)

SURNAME: Final = f"(?:{'|'.join(_DOUBLE.split())}|[{_SINGLE}])"
TITLE: Final = f"(?:{'|'.join(_TITLES.split())})"
LABEL: Final = f"(?:{'|'.join(_LABELS.split())})"
ORDINARY: Final = frozenset(_ORDINARY.split())
