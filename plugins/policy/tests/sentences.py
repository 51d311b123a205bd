"""Sentences of customers by language group, and the rule that each must fall under."""

from __future__ import annotations

RUSSIAN_POSITIVE = {
    "human": """Позовите менеджера
позовите, пожалуйста, администратора
Девушка, менеджера позовите
это не срочно, но позовите человека
Переключите на оператора
переведите меня на живого человека
соедините с руководством
Свяжите меня со специалистом пожалуйста
дайте оператора
Можно поговорить с живым человеком?
хочу пообщаться с менеджером
мне нужен человек
нужен оператор
Менеджер нужен срочно
оператор
Менеджера!
живого человека пожалуйста
Здравствуйте, позовите администратора
здравствуйте, менеджера
не хочу говорить с ботом
уберите бота
я не хочу общаться с роботом, дайте человека
есть кто живой?
пусть менеджер мне перезвонит
перезвоните мне
передайте администратору, что я задержусь
позавите минеджера
позовите менеджра
переключите на аператора
пазовите администратара
pozovite menedzhera
pozovite cheloveka
mne nuzhen operator
gjpjdbnt vtytl;thf
ghbdtn? gjpjdbnt jgthfnjhf
ПОЗОВИТЕ МЕНЕДЖЕРА
позовите кого-нибудь
Не могли бы вы позвать менеджера?
сколько стоит маникюр? и позовите менеджера
хочу живого оператора
скажите администратору чтобы перезвонила
с менеджером можно поговорить?
мне бы с человеком поговорить
дайте поговорить с кем нибудь нормальным
у меня вопрос к руководству
свяжитесь со мной
можете перезвонить?
mozhno s chelovekom pogovorit
дайте связь с директором
менеджер ответьте
подключите оператора""",
    "opt_out": """не пишите мне больше
Отпишите меня
стоп
СТОП!
Больше не пишите мне
прекратите мне писать
перестаньте присылать рассылку
хватит мне писать
не присылайте рекламу
не беспокойте меня
уберите меня из рассылки
удалите мой номер из базы
отстаньте от меня
не надо мне писать
не звоните мне больше
оставьте меня в покое
не пешите мне больше
ne pishite mne bolshe
otpishite menya
не хочу получать рассылку
cnjg
хватит слать спам
не пишите мне, не звоните""",
    "frustrated": """Сколько ещё ждать??
ну что за отношение
администратор не отвечает
Второй день жду ответа!!
сколько можно ждать
Сколько можно ждать ответа?!
Ужасный сервис
достали
вы меня достали уже
Достали своими ботами!!
это просто безобразие
никто не отвечает
почему вы не отвечаете???
я жду уже 2 часа
уже целый час жду
что за хамство
пиздец какой-то
тупой бот
вы издеваетесь?
отвратительное обслуживание
вы задолбали
надоело ждать
ОТВЕТЬТЕ МНЕ НАКОНЕЦ КТО ТАМ!!!
сервис просто ужас
больше к вам не приду
я очень разочарована""",
    "complaint": """верните деньги
верните мне мои деньги
хочу пожаловаться
вы испортили мне волосы
буду писать жалобу, дайте жалобную книгу
это мошенники, обманули меня""",
    "decline": """Не надо, спасибо
нет, спасибо
спасибо, не надо
не нужно
Неинтересно
нет
не интересует, спасибо
пока не надо
Спасибо, я передумала""",
    "greeting": """Здравствуйте
Алло, есть кто-нибудь?
добрый день!
Привет 👋
Доброе утро всем
здраствуйте
privet
ghbdtn
Здравствуйте, как дела?
Добрый вечер, девушки
ЗДРАВСТВУЙТЕ!!!
приветтт""",
    "thanks": """спасибо
Спасибо большое!
благодарю вас
ок, спасибо
спасибо за быстрый ответ
спс
spasibo bolshoe
спасибо вам огромное за прическу, очень красиво получилось
спасибо, всё понятно
до свидания
spasibo
cgfcb,j
Хорошо, спасибо, до встречи
СПАСИБО ОГРОМНОЕ!!! ВЫ ЛУЧШИЕ!!!""",
}

RUSSIAN_NEGATIVE = """не звоните, пишите
не пишите, а позвоните
не звоните а напишите
я отпишусь позже
в команду требуется администратор?
Здравствуйте! Я менеджер компании, предлагаем сотрудничество
Вы робот или человек?
могу ли я вернуть деньги если не приду?
Специалиста по маникюру дайте запись
есть кто-нибудь на завтра свободный?
Уважаемый администратор, сколько стоит стрижка?
ужас как хочу к вам
надоел цвет волос, хочу сменить
хватит ли мне часа?
отвалился гель лак
во сколько администратор приходит
почему так дорого
передайте привет мастеру
администратор сказала что можно прийти в 5
у вас есть менеджер по продажам?
нужна вакансия менеджера
вам нужен администратор на работу?
вы ищете администратора?
оператор связи берёт комиссию?
как зовут менеджера?
сколько человек работает в салоне?
нужно место на 5 человек
можно записать двух человек?
сколько стоит на одного человека
менеджера не надо, сама разберусь
не зовите менеджера
оператор не нужен, подскажите цену
можно без администратора записаться?
я уже говорила с менеджером, он сказал 5000
есть ли риск при наращивании?
иск подавать не буду, а стрижка сколько стоит?
карта проезда есть?
не пишите на ресепшен, напишите мне
перестаньте опаздывать
не пишите мне на почту, пишите сюда
почему вы мне не пишете цену?
автобусная стоп-линия рядом?
стопы массируете?
где остановка
стоп, а сколько стоит педикюр?
как отписаться от рассылки?
сколько можно взять с собой вещей?
сколько можно хранить крем?
где достали такой лак?
курьеры доставили заказ
я достала чек
волосы ужасно сухие, что делать?
крем раздражает кожу?
тупая боль в спине, массаж можно?
не надо маникюр, а педикюр сколько стоит?
спасибо, а сколько стоит?
привет, вы работаете сегодня?
Здравствуйте! Сколько стоит маникюр?
добрый день хочу записаться
ХОЧУ ЗАПИСАТЬСЯ НА МАНИКЮР!!!
СКОЛЬКО СТОИТ СТРИЖКА?
сколько стоит???
бот?
вы бот?
нет ли у вас скидок?
не подскажете адрес?
есть ли у вас живые цветы?
я жду ребенка уже 5 месяцев, можно красить волосы?
сука корги, стрижка сколько стоит?
как обработать раны говорят не надо мочить?
хочу пригласить 5 подруг на девичник
мастера по бровям как зовут
дайте номер телефона
во сколько открываетесь завтра""".splitlines()

KAZAKH_POSITIVE = {
    "human": """Менеджерді шақырыңызшы
менеджерды шакырыныз
операторды шақырыңыз
администраторды шақырып беріңізші
оператормен сөйлескім келеді
оператормен сойлескым келеди
адаммен сөйлескім келеді
Менеджер керек
маған адам керек
оператор керек
тірі адам керек
менеджерге қосыңызшы
операторға қосып беріңізші
менеджермен байланыстырыңызшы
Сәлеметсіз бе! Менеджерді шақырыңызшы
маған қоңырау шалыңызшы
менеджер
менеджерді
менеджер хабарлассын
menedzherdi shakyrynyz
operator kerek
менеджерди шакырыныз тезирек
менеджерды позовите етінем
адам керек, ботпен сөйлескім келмейді""",
    "opt_out": """маған жазбаңыз
маған енді жазбаңыз
маган жазбаныз
маған хат жазбаңыздар
енді жазбаңыз
мені мазаламаңыз
мазаламаңыздаршы
хабарлама жібермеңіз
жазбаңыз
жарнама жібермеңіздер
тізімнен шығарыңыз
magan zhazbanyz""",
    "frustrated": """қашанғы күтеміз
неге жауап бермейсіз
ешкім жауап бермейді
масқара
ұят емес пе, неге жауап бермейсіздер
қызмет нашар
шаршаттыңыздар""",
    "complaint": """ақшамды қайтарыңыз
шағым жазамын""",
    "decline": """керек емес
керек емес, рақмет
Жоқ, рахмет
қажет емес
жок рахмет
кызык емес""",
    "greeting": """Сәлеметсіз бе
салеметсиз бе
Сәлем
салем
salem
Қайырлы күн!
кайырлы кун
Ассалаумағалейкум
сәлем, қалайсыз?
Саламатсыз ба""",
    "thanks": """рақмет
Рахмет!
көп рахмет
рахмет сізге
сау болыңыз
жақсы, рақмет
rahmet
ракмет""",
}

KAZAKH_NEGATIVE = """маман керек пе маған жазылу үшін
менеджеріңіз кім
сізге хабарласуға бола ма
маникюр қанша тұрады?
маникюр канша турады
бағасы канша
қайда орналасқансыз
салем, бағасы қанша?
Сәлеметсіз бе, бүгін жұмыс істейсіз бе?
қашан ашыласыз
бос орын бар ма
ертең жазылуға бола ма
қанша адам жұмыс істейді?
2 адамға жазылуға бола ма
неше адамға орын бар
менеджер керек емес
сізге администратор керек пе?
ресепшенге жазбаңыз, маған жазыңыз
жазба керек пе алдын ала
видео жазба бар ма?
маған жазыңызшы бағасын
мекенжайыңыз қандай
шаш қию қанша
балаларға шаш қиясыз ба
рахмет, ал педикюр қанша?
керек емес маникюр, педикюр қанша тұрады
тырнақ өсіру қанша уақыт алады
kansha turady
салем, kansha turady manikyur
ертең келсем бола ма
каспи аркылы төлеуге бола ма
картамен төлеуге бола ма
сағат нешеге дейін жұмыс істейсіздер
автотұрақ бар ма
жеңілдік бар ма
үйге келесіз бе
қандай маман істейді
бота деген мастер бар ма
адамдар көп пе қазір
шашты бояу қанша
мен кешігіп жатырмын
запись бар ма ертеңге
скидка бола ма
где орналасқан салон
сколько тұрады брови
ақша картамен бола ма""".splitlines()

ENGLISH_POSITIVE = {
    "human": """I want to talk to a human
can I speak to a manager please
let me speak with a real person
connect me with an operator
transfer me to an agent
Please get me a manager
human
operator please
I need a human
real person please
agent
can I talk to someone
put me through to your manager
talk to a representative
is there a real person here?
I don't want to talk to a bot
I want to tallk to a manager
speak to the maneger
customer service
no bots please
call me back
hello, can I speak to the administrator?""",
    "opt_out": """unsubscribe
Stop
STOP!
stop texting me
don't text me
do not contact me again
please stop messaging me
remove me from your list
leave me alone
opt out
no more messages
dont call me anymore
unsubscibe""",
    "frustrated": """this is ridiculous
terrible service
worst salon ever
what the fuck
nobody answers
I've been waiting for an hour
your service is so bad
stupid bot
why are you ignoring me
I am fed up
still waiting
so disappointed""",
    "complaint": """I want a refund
I have a complaint
give me my money back""",
    "decline": """no thanks
No, thank you
not interested
not now
I don't need it, thanks
no""",
    "greeting": """hello
hi is anyone there?
Hi!
hey there
good morning
Hello, how are you?
Good evening everyone
helo""",
    "thanks": """thanks
Thank you so much!
thx
ok thanks
thank you for your help
bye
Great, thanks a lot
thank you very much, have a nice day""",
}

ENGLISH_NEGATIVE = """do you have staff who speak russian?
I need someone to do my nails
speak to me in english please
no one is there at 9?
how do I unsubscribe
don't stop
how much is a manicure?
do you have a manager?
I am a real estate agent, do you give discounts?
who is your manager?
what is the price for two people
how many people work there?
how much per person?
do you sell human hair wigs?
can I stop by tomorrow?
is there a bus stop nearby?
where is the nearest stop
don't write to reception, text me
what time do you close
I need a haircut for one person
hi, are you open today?
hello how much is a haircut
thanks, and how much is a pedicure?
no manicure, just a pedicure, how much?
do you have someone who speaks English?
are you a bot?
can I talk to my hairdresser while you work, is music loud?
I don't need a manager, just the price
what is your refund policy?
where are you located
good morning, can I book for 3pm
can I call you
do I need to call before coming?
is parking available
I can't wait to see you
how long does it take
how long do I have to wait after dyeing before washing?
do you accept cards
is it painful
thank you, what about Sunday?
I'm not disappointed at all, do you have more colors?
shiitake extract in the shampoo?
can you text me the address
please send me the price list
what do you think about gel
the agency told me to ask you
stop by at 5?
not now but maybe tomorrow at 5, is it free?
do you do kids haircuts""".splitlines()

MIXED_NEGATIVE = """hi, сколько стоит маникюр
сәлем, сколько стоит маникюр?
ok, а где вы находитесь?
vk есть у вас?
vip зал есть?
сколько стоит gelish
iphone чехлы есть?""".splitlines()
